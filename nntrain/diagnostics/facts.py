"""What a run is judged by: its curves, what its weights reach, and what a constant prediction would."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import NamedTuple, Self

from nntrain.training.events import Baseline, EpochEnded, Event, Finished, Scores, Started

PARTS = 5  # the end of a curve is its last fifth
SURE = 4  # standard errors by which the systematic share of the error has to differ from 0


class Trend(NamedTuple):
    """The mean loss over the last fifth of the epochs, and over the fifth before it."""

    before: float
    after: float


@dataclass(frozen=True)
class Facts:
    """What a run is judged by. Losses are shares of the baseline's, that of the best constant prediction.

    Such a share is 0 for the lowest loss that there can be, and 1 for that of the baseline. It is NaN where the targets
    are all the same, or where there is no validation part; no comparison with it holds.

    Attributes:
        started: the run's first event.
        finished: its last event.
        last: its last epoch; None if none was trained.
        train: the training loss of each epoch, as it is.
        validation: the validation loss of each epoch, as it is; empty without a validation part.
    """

    started: Started
    finished: Finished
    last: EpochEnded | None
    train: Sequence[float]
    validation: Sequence[float]

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Return the facts of a run from all its ``events``, which are not kept: a long run has millions."""
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
            raise ValueError("a run begins with Started and ends with Finished")
        return cls(started, finished, last, train, validation)

    @property
    def kept_last(self) -> bool:
        """Whether the weights that are kept are those of the last epoch, whatever the validation loss."""
        return self.finished.kept == "final"

    def baseline(self, part: str) -> Baseline:
        """Return what the best constant prediction reaches on a part."""
        return self.started.baseline[part]

    def scores(self, part: str) -> Scores:
        """Return loss and metric on a part, of the weights that are kept."""
        return (self.finished.final if self.kept_last else self.finished.best)[part]

    def share(self, part: str, difference: float) -> float:
        """Return a difference of two losses on a part as a share of the baseline's loss."""
        span = self.baseline(part).span
        return difference / span if span > 0 else nan

    def level(self, part: str) -> float:
        """Return what share of the baseline's loss the weights that are kept leave on a part."""
        if part not in self.started.baseline:
            return nan
        return self.share(part, self.scores(part).loss - self.baseline(part).floor)

    @property
    def rise(self) -> float:
        """How far the validation loss of the last weights is above the lowest."""
        return self.share("validation", self.scores("validation").loss - min(self.validation, default=nan))

    @property
    def gap(self) -> float:
        """How far the validation loss is above the training loss."""
        return self.level("validation") - self.level("train")

    @property
    def gap_error(self) -> float:
        """The standard error of the validation loss."""
        measured = self.finished.validation_loss
        return nan if measured is None else self.share("validation", measured.error)

    @property
    def systematic(self) -> float:
        """What is left on the training part and is not noise; 0 where that is not sure."""
        share, error = self.finished.systematic or (0.0, 0.0)
        return max(self.level("train"), 0.0) * share if share > SURE * error else 0.0

    @property
    def jumps(self) -> list[float]:
        """How far the training loss rose from each epoch to the next in the second half of the run; 0 where it fell."""
        half = self.train[len(self.train) // 2 :]
        return [max(after - before, 0.0) for before, after in pairwise(half)]


def trend(losses: Sequence[float]) -> Trend | None:
    """Return how a curve ends; None if it has too few epochs for that."""
    window = len(losses) // PARTS
    if not window:
        return None
    return Trend(sum(losses[-2 * window : -window]) / window, sum(losses[-window:]) / window)
