"""What ``doctor``, ``experiment``, ``lr`` and ``overfit`` print."""

from typing import Any

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Number


class Effect(TypedDict):
    """The effect of an edit over several seeds; settings: recipe keys, empty where the rows were changed."""

    settings: dict[str, Any]
    text: str
    measure: str
    before: Number
    after: Number
    metric_before: Number
    metric_after: Number
    error: Number
    seeds: int


class Repair(Effect):
    """An edit that was tried against a diagnosis; gain: after - before."""

    gain: Number


class Diagnosed(TypedDict):
    """A confirmed diagnosis; confidence from 0 to 1; rank 1 for the most likely cause."""

    id: str
    title: str
    about: str
    rank: int
    confidence: float
    word: str
    text: str
    evidence: dict[str, Any]
    lecture: str
    tried: list[Repair]


class Examination(TypedDict):
    """What is wrong with a recipe, the most likely cause first, and the settings that repair it."""

    recipe: str
    metric: str
    split: str
    score: Number
    metric_value: Number
    healthy: bool
    found: list[Diagnosed]
    fix: dict[str, Any]
    notes: list[str]
    checked: int
    experiments: int
    seconds: float
    complete: bool
    diverged: bool


class Trial(TypedDict):
    """An experiment; tried: null if the recipe does not allow it or time was over."""

    experiment: str
    text: str
    tried: Effect | None
    train_before: Number
    train_after: Number


class Experiments(TypedDict):
    """The experiments on a recipe."""

    recipe: str
    metric: str
    outcomes: list[Trial]


class RangeTest(TypedDict):
    """The training loss as the learning rate grows; rule: how the suggestion was found."""

    learning_rates: list[float]
    losses: list[Number]
    smoothed: list[Number]
    suggested: Number
    lowest: Number
    current: Number
    rule: str


class Memorized(TypedDict):
    """Training on a few rows; level: the loss scaled, from 0 (the lowest possible) to 1 (a constant prediction)."""

    rows: int
    steps: int
    loss: Number
    baseline: Number
    level: Number
    metric: Number
    diverged: bool
    learned: bool
