"""The events of a run.

The loop yields these and does nothing else: it prints nothing, opens no file and never exits. The display, the
metrics file and the comparison are listeners, and a test is ``list(train(...))``. Events of every epoch are named
tuples: creating one takes less than half as long as a frozen dataclass, and a short epoch takes less than 100 µs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite
from typing import Literal, NamedTuple, Self

from nntrain.metrics import Task

NO_METRICS: Mapping[str, float | None] = {}


class Stopped(StrEnum):
    """Why a run ended."""

    EPOCHS = "epochs"  # all epochs were trained
    EARLY = "early_stopping"  # the validation loss, or a metric, did not improve for `patience` epochs
    GRADIENT = "grad_tol"  # the gradient norm fell below the tolerance
    CONVERGED = "converged"  # L-BFGS found no lower loss, or a search has tried all its points
    DIVERGED = "diverged"  # a number is not finite, or the loss has grown too large
    INTERRUPTED = "interrupted"  # Ctrl-C, SIGTERM or SIGHUP


class Scores(NamedTuple):
    """Loss and metric (accuracy or R²) on one split; the metric is None where it is not defined.

    ``further`` holds the other metrics that the recipe records.
    """

    loss: float  # infinite where it is not finite, NaN included: the files of a run do not tell them apart
    metric: float | None
    further: Mapping[str, float | None] = NO_METRICS

    @classmethod
    def of(cls, loss: float, metric: float | None, further: Mapping[str, float | None] = NO_METRICS) -> Self:
        """Return scores, with an infinite loss if ``loss`` is not finite."""
        return cls(loss if isfinite(loss) else inf, metric, further)


class Baseline(NamedTuple):
    """Loss and metric on one split of the constant prediction that is best on the training split.

    That prediction is the class frequencies for cross-entropy, and the mean for squared error.
    """

    loss: float
    metric: float | None  # accuracy of the most frequent class, or R²
    lower_bound: float | None  # the loss's lower bound on these rows; None if there is none

    @property
    def floor(self) -> float:
        """The level that losses are measured from: the lower bound, or one nat below the baseline without one."""
        return self.loss - 1 if self.lower_bound is None else self.lower_bound

    @property
    def span(self) -> float:
        """The baseline loss above the floor; 0 if all targets are the same."""
        return self.loss - self.floor


class Estimate(NamedTuple):
    """A value estimated from some rows, and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class LayerFacts:
    """A layer's description for tables: ``label`` as in ``1 dense 64→32 relu``."""

    label: str
    activation: str
    n_in: int
    n_out: int
    parameters: int


@dataclass(frozen=True)
class LayerStatistics:
    """Statistics of one layer after one epoch.

    ``gradient_norm`` is the Euclidean norm of the last mini-batch's gradient of the layer's parameters, before it is
    clipped. ``dead`` is the fraction of units whose activation is zero for every row of the probe, a fixed sample of
    the training data; None where the activation cannot be exactly zero over a range (sigmoid, tanh, identity ...).
    """

    gradient_norm: float
    dead: float | None


@dataclass(frozen=True)
class Statistics:
    """Measurements made every few epochs only, so that they take about 1 % of the training time of a long run.

    ``train`` holds loss and metric on the probe, of the weights at the end of the epoch.
    """

    layers: tuple[LayerStatistics, ...]
    train: Scores


@dataclass(frozen=True)
class Started:
    """The run is prepared, and its first step follows."""

    name: str
    task: Task
    metric: str  # "accuracy" or "r2"
    layers: tuple[LayerFacts, ...]
    rows: dict[str, int]  # rows of "train", "validation" and "test"; splits that do not exist are left out
    epochs: int
    steps_per_epoch: int
    probe_rows: int
    statistics_every: int
    baseline: Mapping[str, Baseline]  # of each split
    search: bool  # whether each epoch is a point of a search, so that curves show no trend
    steps_are: Literal["steps", "evaluations"]  # what `step` counts: some optimizers evaluate the loss several times
    monitor: str = "loss"  # what decides which weights are the best: the loss, or a metric on the validation split
    loss_scale: str = "targets"  # what the loss is measured on; metrics are in the targets' own units
    scaled_features: bool = False  # whether the features are standardized, or scaled otherwise

    @property
    def scaled_loss(self) -> bool:
        """Whether the loss is not in the targets' own units."""
        return self.loss_scale != "targets"


@dataclass(frozen=True)
class StepsDone:
    """Some steps of an epoch are done; yielded a few times a second in long epochs, for progress bars."""

    epoch: int  # counted from 1
    step_in_epoch: int
    loss: float  # mean over the batches since the last event


class EpochEnded(NamedTuple):
    """An epoch is done. ``train_loss`` is over all its batches, each with the weights before its step."""

    epoch: int  # counted from 1
    step: int  # steps since the start of the run
    seconds: float  # since the first step, validation and statistics included
    learning_rate: float  # of the epoch's last step
    train_loss: float
    gradient_norm: float | None  # of the last mini-batch, before clipping; None in a run without statistics
    samples_per_second: float  # of the training steps alone
    validation: Scores | None
    statistics: Statistics | None  # None between two measurements
    clipped: float | None  # fraction of the run's steps whose gradient was clipped; None without clipping
    improved: bool  # whether the monitored value is the best so far: the validation (else train) loss, or a metric
    parameters: tuple[float, ...] | None = None  # of a network with few parameters


@dataclass(frozen=True)
class Diverged:
    """A number is not finite, or the training loss has grown too large; the best weights are kept."""

    epoch: int
    step: int  # counted from 1 over the run; the epoch's last one if the loss has grown too large
    where: str  # what is not finite, such as "the activations of layer 2 (dense 64→32 relu)"; else "the training loss"
    learning_rate: float
    grown_to: float | None = None  # the training loss at the end of the run; None where a number is not finite
    penalty: str | None = None  # the key of a penalty that alone makes the weights grow at this rate


@dataclass(frozen=True)
class LayerRecord:
    """A layer in one step. Norms are Euclidean; None where the loss was not finite, so that they were not computed."""

    label: str
    weights: float  # norm of its parameters before the step
    activation: float  # largest absolute activation in the batch
    gradient: float | None  # norm of the gradient of its parameters, with penalties, before clipping
    update: float | None  # norm of the change of its parameters


@dataclass(frozen=True)
class StepRecord:
    """The values of one step."""

    epoch: int  # counted from 1
    step: int  # counted from 1 over the run
    rows: tuple[int, ...]  # of the training split, counted from 1
    learning_rate: float
    loss: float  # of the batch, before the step
    gradient_norm: float | None
    layers: tuple[LayerRecord, ...]
    not_finite: str | None  # the first value that is not finite, as in Diverged.where


@dataclass(frozen=True)
class Crash:
    """A run has gone wrong: numbers are not finite, or the loss of a batch has risen a thousandfold.

    In the first case Diverged follows; in the second the run continues.
    """

    what: str
    step: int  # the first step that went wrong
    where: str  # the first quantity, with its layer
    steps: tuple[StepRecord, ...]  # up to the step with the loss or number in question


@dataclass(frozen=True)
class Finished:
    """The run is over."""

    stopped: Stopped
    epochs: int
    steps: int
    seconds: float
    # The epoch with the best monitored value, as of EpochEnded.improved; 0: the initial weights.
    best_epoch: int
    diverged: Diverged | None = None
    # Scores on "train", "validation" and "test" of the weights of the last and of the best epoch.
    final: Mapping[str, Scores] = field(default_factory=dict)
    best: Mapping[str, Scores] = field(default_factory=dict)
    # The weights that are kept: the best ones with early stopping, in a search, and after divergence.
    kept: Literal["final", "best"] = "final"
    layers: tuple[LayerStatistics, ...] = ()  # at the end of the last epoch
    parameters: tuple[float, ...] | None = None  # those kept, of a network with few parameters
    rise: Estimate | None = None  # of the validation loss, from the best to the last weights
    # Of the weights that are kept: the validation loss over groups of rows, and the fraction of the training error that
    # is systematic, not noise (see nntrain.training.evidence).
    validation_loss: Estimate | None = None
    systematic: Estimate | None = None


Event = Started | StepsDone | EpochEnded | Crash | Diverged | Finished
