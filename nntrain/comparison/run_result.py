"""The result of a run, as stored in the ledger, and the recorder that collects it during the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nntrain.metrics import lower_is_better
from nntrain.training.events import EpochEnded, Finished, Scores, Stopped
from nntrain.utils.json import as_json

CURVE_POINTS = 200  # a curve holds up to twice as many, thinned by powers of two
ABOUT = ("variant", "phase", "seed", "settings")  # keys that describe the job
EPOCH, STEP, SECONDS, TRAIN_LOSS, LOSS, METRIC = range(6)  # columns of a curve
Curve = NDArray[np.float64]
Point = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    Attributes:
        key: of its job.
        stopped: why it ended.
        epochs: number of completed epochs.
        steps: of the optimizer; for a search, evaluations.
        seconds: training time.
        scores: loss and metric of the kept weights by split; a loss that is not finite is stored as infinite.
        curve: (points, 6): epoch, steps, seconds, training loss, validation loss and metric at some epochs, including
            the first and the last; NaN if missing or not finite.
        records: (R, 6): the same for every epoch with a new best validation loss or metric. Whatever the target, the
            first epoch that reaches it is among these.
        area: mean validation loss over all epochs (training loss without a validation split); infinite if one is not
            finite.
        untrained: validation scores before the first step; None if unknown.
        about: ``variant`` (its name), ``phase``, ``seed`` and ``settings`` of the job.
    """

    key: str
    stopped: Stopped
    epochs: int
    steps: int
    seconds: float
    scores: Mapping[str, Scores]
    curve: Curve
    records: Curve
    area: float
    untrained: Scores | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether the run diverged."""
        return self.stopped is Stopped.DIVERGED

    def to_json(self) -> bytes:
        """Return the result as a line of JSON."""
        scores = {split: _as_json(score) for split, score in self.scores.items()}
        facts = {"key": self.key, **self.about, "stopped": self.stopped.value, "epochs": self.epochs}
        facts |= {"steps": self.steps, "seconds": self.seconds, "scores": scores, "area": self.area}
        untrained = self.untrained and _as_json(self.untrained)
        return as_json({**facts, "untrained": untrained, "curve": self.curve, "records": self.records})

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Parse a line written by :meth:`to_json`.

        Raises:
            ValueError: if the line is invalid; the message says why.
        """
        try:
            found = _Line.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from None
        scores = {str(split): score.scores() for split, score in found.scores.items()}
        curve, records = _curve(found.curve), _curve(found.records)
        area = inf if found.area is None else found.area
        about = {name: value for name in ABOUT if (value := getattr(found, name)) is not None}
        facts = (found.key, found.stopped, found.epochs, found.steps, found.seconds)
        untrained = None if found.untrained is None else found.untrained.scores()
        return cls(*facts, scores, curve, records, area, untrained, about)


def _as_json(scores: Scores) -> dict[str, float | None]:
    return {"loss": scores.loss, "metric": scores.metric}


Count = Annotated[int, Field(ge=0, le=2**53)]
Number = float | None  # null if not finite


_Point = tuple[float, float, float, Number, Number, Number]


class _Score(BaseModel):
    loss: Number
    metric: Number

    def scores(self) -> Scores:
        return Scores(inf if self.loss is None else self.loss, self.metric)


class _Line(BaseModel):
    """The schema of a line of the ledger."""

    model_config = ConfigDict(allow_inf_nan=False)

    key: Annotated[str, Field(min_length=1)]
    variant: str | None = None
    phase: str | None = None
    seed: Count | None = None
    settings: dict[str, float] | None = None
    stopped: Stopped
    epochs: Count
    steps: Count
    seconds: Annotated[float, Field(ge=0)]
    scores: Annotated[dict[Literal["train", "validation", "test"], _Score], Field(min_length=1)]
    area: Number
    untrained: _Score | None
    curve: list[_Point]
    records: list[_Point]


class Recorder:
    """Collects a run's result during the run.

    Args:
        rows: number of training samples.
        untrained: validation scores before the first step; None without a validation split.
        metric: recorded in place of accuracy or R², if not None.
    """

    def __init__(self, rows: int, untrained: Scores | None, metric: str | None = None) -> None:
        self._rows, self._seconds, self._sum, self._metric = rows, 0.0, 0.0, metric
        self._sign = -1 if metric is not None and lower_is_better(metric) else 1
        self._untrained = untrained and self._scores(untrained)
        self._points: list[Point] = []
        self._last: Point | None = None
        self._every = 1  # epochs between two points; doubles as the run grows
        self._records: list[Point] = []
        self._best = (inf, -inf)

    def record(self, event: EpochEnded) -> None:
        """Record an epoch."""
        self._seconds += self._rows / event.samples_per_second
        loss, metric = np.nan, np.nan
        if event.validation is not None:
            loss, value = event.validation.loss, self._scores(event.validation).metric
            metric = np.nan if value is None else value
        point = (event.epoch, event.step, self._seconds, event.train_loss, loss, metric)
        self._sum += event.train_loss if event.validation is None else loss
        signed = self._sign * metric
        if loss < self._best[0] or signed > self._best[1]:
            self._best = (min(self._best[0], loss), max(self._best[1], signed))  # this order ignores NaN
            self._records.append(point)
        self._last = point
        if event.epoch == 1 or event.epoch % self._every == 0:
            self._points.append(point)
        if len(self._points) > 2 * CURVE_POINTS:
            self._every *= 2
            self._points = [point for point in self._points if point[0] == 1 or point[0] % self._every == 0]

    def row(self, key: str, event: Finished) -> RunResult:
        """Return the result at the end of the run."""
        if self._last is not None and self._points[-1] is not self._last:
            self._points.append(self._last)
        kept = event.best if event.kept == "best" else event.final
        scores = {split: self._scores(score) for split, score in kept.items()}
        area = self._sum / event.epochs if event.epochs and isfinite(self._sum) else inf
        curve, records = _curve(self._points), _curve(self._records)
        facts = (key, event.stopped, event.epochs, event.steps, self._seconds)
        return RunResult(*facts, scores, curve, records, area, self._untrained)

    def _scores(self, scores: Scores) -> Scores:
        """Return the loss, infinite if not finite, as JSON has one value for both, and the recorded metric."""
        metric = scores.metric if self._metric is None else scores.further[self._metric]
        return Scores(scores.loss if isfinite(scores.loss) else inf, metric)


def _curve(points: Sequence[Sequence[float | None]]) -> Curve:
    curve = np.array(points, np.float64).reshape(-1, 6)
    curve[~np.isfinite(curve)] = np.nan
    return curve
