"""The facts of a run's summary.json and metrics.jsonl that are used, with their types and ranges."""

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nntrain.data import Label
from nntrain.metrics import DEFAULTS, metrics
from nntrain.training.events import Stopped

Real = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=2**53)]
SPLITS = ("train", "validation", "test")


class Facts(BaseModel):
    """The used keys of a JSON object. Null stands for a number that is unknown or not finite."""

    model_config = ConfigDict(strict=True)


def _gathered(data: Any, keys: frozenset[str]) -> Any:
    """Return a JSON object with its metrics, whose keys are in ``keys``, as ``measured``."""
    return {**data, "measured": {key: data[key] for key in keys & data.keys()}} if isinstance(data, dict) else data


class LayerFacts(Facts):
    """A layer in the summary, or in a line of metrics."""

    label: str = ""
    gradient_norm: Positive | None
    dead: Fraction | None


class _Scores(Facts):
    loss: Real | None
    measured: dict[str, Real | None]  # each metric

    _gather = model_validator(mode="before")(partial(_gathered, keys=frozenset(metrics())))


class _Bin(Facts):
    confidence: Fraction
    accuracy: Fraction


class _Baselines(Facts):
    constant: dict[str, dict[str, Real | None]] | None = None
    linear: dict[str, dict[str, Real | None]] | None = None


class _Baseline(Facts):
    baseline: dict[str, _Scores] = Field(default_factory=dict)


class SummaryFacts(Facts):
    """The summary of a run."""

    task: Literal["classification", "regression"]
    stopped: Stopped
    verdict: str
    epochs: Count
    steps: Count
    seconds: Positive
    layers: list[LayerFacts]
    parameters: list[Real | None] | None
    train: _Scores
    validation: _Scores | None = None
    test: _Scores | None = None
    final: dict[str, _Scores]
    baselines: _Baselines | None = None
    classes: list[Label] | None = None
    confusion: dict[str, list[list[Count]]] | None = None
    calibration: dict[str, list[_Bin]] | None = None
    evidence: _Baseline | None = None

    @property
    def metric(self) -> str:
        """Accuracy or R²."""
        return DEFAULTS[self.task]

    @model_validator(mode="after")
    def _metrics_are_there(self) -> Self:
        for split in SPLITS:
            scores = getattr(self, split)
            if scores is not None and self.metric not in scores.measured:
                raise ValueError(f"{split}.{self.metric} is missing")
        size = len(self.classes or ())
        for split, rows in (self.confusion or {}).items():
            if len(rows) != size or any(len(row) != size for row in rows):
                raise ValueError(f"confusion.{split} does not fit {size} classes")
        return self


class Line(Facts):
    """A line of metrics.jsonl."""

    epoch: Annotated[int, Field(ge=1, le=2**53)]
    step: Count
    seconds: Positive
    learning_rate: Real
    train_loss: Real | None
    gradient_norm: Positive | None
    validation_loss: Real | None = None
    clipped: Fraction | None = None
    parameters: list[Real | None] | None = None
    layers: list[LayerFacts] | None = None
    measured: dict[str, Real | None]  # each metric, by its key

    _gather = model_validator(mode="before")(
        partial(_gathered, keys=frozenset(f"{split}_{name}" for split in ("validation", "probe") for name in metrics()))
    )
