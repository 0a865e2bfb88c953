"""The facts that a run tells while it trains.

The loop yields these and does nothing else: it prints nothing, opens no file and never exits. The display, the
metrics file and the comparison are listeners, and a test is ``list(train(...))``. What comes with every epoch is a
named tuple, which is made in less than half of a frozen dataclass's time: a short epoch takes less than 100 µs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple


class Stopped(StrEnum):
    """Why a run ended."""

    EPOCHS = "epochs"  # all epochs were trained
    EARLY = "early_stopping"  # the validation loss did not improve for `patience` epochs
    GRADIENT = "grad_tol"  # the gradient norm fell under the tolerance
    CONVERGED = "converged"  # L-BFGS found no way further down, or a search has tried all its points
    DIVERGED = "diverged"  # a number is no longer finite, or the loss has grown beyond use
    INTERRUPTED = "interrupted"  # Ctrl-C or SIGTERM


class Scores(NamedTuple):
    """Loss and metric (accuracy or R²) on one part of the data; a metric that is not defined is None."""

    loss: float
    metric: float | None


class Baseline(NamedTuple):
    """What the best constant prediction reaches on one part of the data: it is found on the training part.

    It is the share of each class for a cross-entropy, and the mean for a squared error.
    """

    loss: float
    metric: float | None  # accuracy of the most frequent class, or R²
    least: float | None  # the loss's lower bound on these rows; None if it has none

    @property
    def floor(self) -> float:
        """What losses are counted from: the lower bound, or one nat below the baseline where there is none."""
        return self.loss - 1 if self.least is None else self.least

    @property
    def span(self) -> float:
        """How far it is above the floor; 0 where the targets are all the same."""
        return self.loss - self.floor


class Estimate(NamedTuple):
    """A number that is measured on some rows, and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class LayerFacts:
    """What a layer is, for tables: ``label`` as in ``1 dense 64→32 relu``."""

    label: str
    activation: str
    n_in: int
    n_out: int
    parameters: int


@dataclass(frozen=True)
class LayerStatistics:
    """One layer at one moment.

    ``gradient_norm`` is the Euclidean norm of the last mini-batch's gradient of the layer's parameters, before it is
    clipped. ``dead`` is the share of units whose activation is zero for every row of the probe, a fixed sample of the
    training data; None where the activation cannot be exactly zero over a range (sigmoid, tanh, identity ...).
    """

    gradient_norm: float
    dead: float | None


@dataclass(frozen=True)
class Statistics:
    """What is measured every few epochs only, to keep it under a twentieth of the training time.

    ``train`` holds loss and metric on the probe, with the weights as they stand at the end of the epoch.
    """

    layers: tuple[LayerStatistics, ...]
    train: Scores


@dataclass(frozen=True)
class Started:
    """The run is prepared and its first step comes next."""

    name: str
    task: str  # "classification" or "regression"
    metric: str  # "accuracy" or "r2"
    layers: tuple[LayerFacts, ...]
    rows: dict[str, int]  # rows of "train", "validation" and "test", absent parts left out
    epochs: int
    steps_per_epoch: int
    probe_rows: int
    statistics_every: int
    baseline: Mapping[str, Baseline]  # of each part
    search: bool  # whether each epoch is a point of a search, which follows no trend
    steps_are: Literal["steps", "evaluations"]  # what is counted: some optimizers evaluate the loss several times


@dataclass(frozen=True)
class StepsDone:
    """Some steps of an epoch are done (told a few times a second in long epochs, so that bars move)."""

    epoch: int  # counted from 1
    step_in_epoch: int
    loss: float  # mean over the batches since the last telling


class EpochEnded(NamedTuple):
    """An epoch is done. ``train_loss`` is over all its batches, each with the weights of its moment."""

    epoch: int  # counted from 1
    step: int  # steps since the start of the run
    seconds: float  # since the first step, validation and statistics included
    learning_rate: float  # of the epoch's last step
    train_loss: float
    gradient_norm: float | None  # of the last mini-batch, before clipping; None in a run without statistics
    samples_per_second: float  # of the training steps alone
    validation: Scores | None
    statistics: Statistics | None  # None between two measurements
    clipped: float | None  # share of the run's steps whose gradient was clipped; None where nothing clips
    improved: bool  # the lowest validation loss so far (train loss where there is no validation part)
    parameters: tuple[float, ...] | None = None  # of a network that has a few only


@dataclass(frozen=True)
class Diverged:
    """A number is no longer finite, or the training loss has grown beyond use; the best weights are kept."""

    epoch: int
    step: int  # counted from 1 over the run; the last one of the epoch where the loss has grown
    where: str  # what is not finite, such as "the activations of layer 2 (dense 64→32 relu)"; else "the training loss"
    learning_rate: float
    grown_to: float | None = None  # the training loss at the end of the run; None where a number is not finite
    penalty: str | None = None  # the key of a penalty that alone makes the weights grow at this rate


@dataclass(frozen=True)
class Finished:
    """The run is over."""

    stopped: Stopped
    epochs: int
    steps: int
    seconds: float
    # Of the lowest validation loss, or train loss where there is no validation part; 0: the first weights.
    best_epoch: int
    diverged: Diverged | None = None
    # Scores of "train", "validation" and "test", with the weights of the last epoch and with those of the best one.
    final: Mapping[str, Scores] = field(default_factory=dict)
    best: Mapping[str, Scores] = field(default_factory=dict)
    # Which weights are the result: the best ones with early stopping, in a search, and after divergence.
    kept: Literal["final", "best"] = "final"
    layers: tuple[LayerStatistics, ...] = ()  # at the end of the last epoch
    parameters: tuple[float, ...] | None = None  # that are kept, of a network that has a few only
    rise: Estimate | None = None  # of the validation loss, from the best to the last weights
    # Of the weights that are kept: the validation loss over groups of rows, and what share of the training error is
    # systematic, and not noise (see nntrain.training.evidence).
    validation_loss: Estimate | None = None
    systematic: Estimate | None = None


Event = Started | StepsDone | EpochEnded | Diverged | Finished
