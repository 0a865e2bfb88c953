"""What ``evaluate`` and ``importance`` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import BySplit, Label, Number

if TYPE_CHECKING:
    from pydantic import ConfigDict

METRICS: ConfigDict = {"json_schema_extra": {"additionalProperties": {"type": ["number", "null"]}}}


class Baselines(TypedDict):
    """Scores of the best constant prediction and of a linear model, null if it was skipped for a reason."""

    constant: BySplit
    linear: BySplit | None
    skipped: str | None


class Threshold(TypedDict):
    """The probability from which the second class is predicted; usual: the metric at 0.5."""

    value: float
    metric: str | None
    reached: Number
    usual: Number


class Bin(TypedDict):
    """The rows whose largest probability lies between low and high; weight: their fraction of the weight of all."""

    low: float
    high: float
    rows: int
    confidence: Number
    accuracy: Number
    weight: Number


ClassScores = TypedDict(
    "ClassScores",
    {"class": Label, "rows": int, "precision": Number, "recall": Number, "f1": Number, "roc_auc": Number},
)


class Interval(TypedDict):
    """A 95 % interval; resamples: those in which the metric is defined."""

    low: Number
    high: Number
    resamples: int


class Evaluated(TypedDict):
    """The loss, all metrics by their names, those of each of several targets, and what was asked for."""

    __pydantic_config__ = METRICS  # type: ignore[misc]

    loss: Number
    targets: NotRequired[dict[str, dict[str, Number]]]
    classes: NotRequired[list[ClassScores]]
    confusion: NotRequired[list[list[int]]]
    intervals: NotRequired[dict[str, Interval | None]]


class Evaluation(TypedDict):
    """The scores of a model on the splits of its recipe, or on the rows of --data."""

    train: NotRequired[Evaluated]
    validation: NotRequired[Evaluated]
    test: NotRequired[Evaluated]
    data: NotRequired[Evaluated]
    baselines: NotRequired[Baselines]


class ColumnImportance(TypedDict):
    """How much worse a score becomes when a column is shuffled."""

    column: str
    importance: Number
    std: Number


class Importance(TypedDict):
    """The importance of all columns; score: without shuffling."""

    metric: str
    score: Number
    split: str
    rows: int
    repeats: int
    columns: list[ColumnImportance]
