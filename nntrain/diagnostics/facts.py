"""The evidence that a verdict uses: loss curves, final scores and the constant-prediction baseline."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from statistics import fmean
from typing import NamedTuple, Self

from nntrain.training.events import Baseline, EpochEnded, Event, Finished, Scores, Started

CURVE_PARTS = 5  # a trend compares the last two fifths of a curve
MAX_POINTS = 200  # of a curve in which a plateau is searched
LEVEL = 0.01  # relative change of the loss over a plateau
SIGNIFICANT_ERRORS = 4  # standard errors that the systematic fraction of the error must exceed


class Trend(NamedTuple):
    """The mean loss over the last fifth of the epochs, and over the fifth before it."""

    before: float
    after: float


@dataclass(frozen=True)
class Facts:
    """The evidence on one run. Losses are scaled: 0 is the lowest possible loss, 1 that of the best constant.

    A scaled loss is NaN if all targets are equal or there is no validation split; comparisons with NaN are false.

    Attributes:
        started: the run's first event.
        finished: its last event.
        last: its last epoch; None if it trained none.
        train: the training loss after each epoch, not scaled.
        validation: the validation loss after each epoch, not scaled; empty without a validation split.
    """

    started: Started
    finished: Finished
    last: EpochEnded | None
    train: Sequence[float]
    validation: Sequence[float]

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Collect the facts of a run from its ``events`` without storing them: a long run has millions."""
        started = finished = last = None
        train, validation = array("d"), array("d")
        for event in events:
            if isinstance(event, EpochEnded):
                last = event
                train.append(event.train_loss)
                if event.validation is not None:
                    validation.append(event.validation.loss)
            elif isinstance(event, Started):
                started = event
            elif isinstance(event, Finished):
                finished = event
        if started is None or finished is None:
            raise ValueError("a run starts with Started and ends with Finished")
        return cls(started, finished, last, train, validation)

    @property
    def kept_last(self) -> bool:
        """Whether the run keeps the weights of its last epoch rather than its best."""
        return self.finished.kept == "final"

    def baseline(self, split: str) -> Baseline:
        """Return the scores of the best constant prediction on a split."""
        return self.started.baseline[split]

    def scores(self, split: str) -> Scores:
        """Return loss and metric of the kept weights on a split."""
        return (self.finished.final if self.kept_last else self.finished.best)[split]

    def score(self, split: str) -> float:
        """Return the metric of the kept weights on a split, scaled: 1 is perfect, 0 the best constant or undefined."""
        metric, constant = self.scores(split).metric, self.baseline(split).metric
        if metric is None or constant is None or not constant < 1:
            return 0.0
        return 1 - (1 - metric) / (1 - constant)

    def fraction(self, split: str, difference: float) -> float:
        """Return a difference of two losses on a split, scaled."""
        span = self.baseline(split).span
        return difference / span if span > 0 else nan

    def level(self, split: str) -> float:
        """Return the scaled loss of the kept weights on a split."""
        if split not in self.started.baseline:
            return nan
        return self.fraction(split, self.scores(split).loss - self.baseline(split).floor)

    @property
    def rise(self) -> float:
        """How far the final validation loss is above its minimum, scaled."""
        return self.fraction("validation", self.scores("validation").loss - min(self.validation, default=nan))

    @property
    def gap(self) -> float:
        """The scaled validation loss minus the scaled training loss."""
        return self.level("validation") - self.level("train")

    @property
    def gap_error(self) -> float:
        """The standard error of the validation loss, scaled."""
        measured = self.finished.validation_loss
        return nan if measured is None else self.fraction("validation", measured.error)

    @property
    def systematic(self) -> float:
        """The part of the scaled training loss that is not noise; 0 unless significant."""
        fraction, error = self.finished.systematic or (0.0, 0.0)
        return max(self.level("train"), 0.0) * fraction if fraction > SIGNIFICANT_ERRORS * error else 0.0

    @property
    def jumps(self) -> list[float]:
        """The rise of the training loss from each epoch to the next over the second half of the run; 0 if it fell."""
        half = self.train[len(self.train) // 2 :]
        return [max(after - before, 0.0) for before, after in pairwise(half)]


def trend(losses: Sequence[float]) -> Trend | None:
    """Return the trend at the end of a curve; None if it has too few epochs."""
    window = len(losses) // CURVE_PARTS
    if not window:
        return None
    return Trend(sum(losses[-2 * window : -window]) / window, sum(losses[-window:]) / window)


def longest_plateau(losses: Sequence[float]) -> tuple[int, int]:
    """Return the first and the last epoch (from 0) of the longest stretch over which the loss changes by under 1 %.

    A long curve is reduced to means over blocks of epochs first.
    """
    block = -(-len(losses) // MAX_POINTS)
    means = [fmean(losses[at : at + block]) for at in range(0, len(losses), block)]
    first = last = 0
    for start in range(len(means)):
        low = high = means[start]
        for end in range(start, len(means)):
            low, high = min(low, means[end]), max(high, means[end])
            if not high - low <= LEVEL * abs(high):
                break
            if end - start > last - first:
                first, last = start, end
    return first * block, min((last + 1) * block, len(losses)) - 1
