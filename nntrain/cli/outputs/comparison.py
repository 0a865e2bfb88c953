"""What ``compare`` prints."""

from typing import Any

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Number, Recipe


class Spread(TypedDict):
    """A value over n runs; q1, q3: quartiles."""

    median: Number
    q1: Number
    q3: Number
    mean: Number
    std: Number
    n: int


class Target(TypedDict):
    """Runs that reached the target value, and medians of when."""

    reached: int
    missed: int
    steps: Number
    seconds: Number


class Outcome(TypedDict):
    """The runs of a variant with one setting; scores by split; diverged: fraction of the runs; curve: median loss."""

    settings: dict[str, Any]
    runs: int
    diverged: float
    scores: dict[str, dict[str, Spread]]
    auc: Spread
    seconds: Spread
    steps: Spread
    target: Target | None
    curve: list[Number]
    epochs: int


class Tuning(TypedDict):
    """The trials of a variant, each with its settings and validation value."""

    trials: list[dict[str, Any]]
    best: dict[str, float] | None
    at_edge: list[str]
    expected_best: list[Number]
    within: float | None
    diverged: float


class Variant(TypedDict):
    """A variant: with its default settings and, if there were trials, tuned."""

    name: str
    recipe: Recipe
    differs: dict[str, str]
    lr: float | None
    tunable: bool
    default: Outcome
    tuned: Outcome | None
    tuning: Tuning | None


class Pair(TypedDict):
    """The difference of two variants, with a confidence interval; infinite: runs of each that diverged."""

    a: str
    b: str
    n: int
    infinite: tuple[int, int]
    difference: Number
    low: Number
    high: Number
    p: Number
    p_holm: Number
    shown: bool
    verdict: str


class Comparison(TypedDict):
    """A comparison; variants are ranked, best first."""

    measure: str
    lower: bool
    metric: str
    seeds: list[int]
    trials: int
    finished: bool
    varied: list[str]
    target: float | None
    variants: list[Variant]
    pairs: list[Pair]
    notes: list[str]
    verdict: str


class Standing(TypedDict):
    """A variant over several problems; first: problems on which it is the best; ranks: by problem."""

    name: str
    mean_rank: float
    first: int
    ranks: dict[str, float]


class Profile(TypedDict):
    """The steps of each variant to the target of each problem; notes: why problems have no target."""

    targets: dict[str, Number]
    steps: dict[str, dict[str, Number]]
    notes: list[str]


class Across(TypedDict):
    """A comparison on several problems, ranked across them; different: pairs, the better variant first."""

    problems: dict[str, Comparison]
    ranking: list[Standing]
    p: Number
    critical_difference: Number
    different: list[tuple[str, str]]
    profile: Profile
    verdict: str
