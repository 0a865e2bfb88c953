"""The plan of one run: a recipe as objects, with its data."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from nntrain.data.mapped.split import MappedSplit
from nntrain.data.prepare import Prepared, Split
from nntrain.losses import Loss
from nntrain.metrics import DEFAULTS, Task
from nntrain.network import regularize
from nntrain.network.network import Network
from nntrain.optimizers import Optimizer
from nntrain.optimizers import averaging as wrappers
from nntrain.optimizers import sam as sharpness
from nntrain.schedules import Schedule, Span
from nntrain.training.settings import Regularization, Training
from nntrain.training.windows import BLOCKS, SAMPLE_ROWS, WindowedOrder, block_rows, sample_rows
from nntrain.utils.random import stream

MAX_CACHED_ROWS, CACHED_PERMUTATIONS = 4096, 512  # up to 16 MB of permutations are cached


def _permutation(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    return stream(seed, "order", epoch).permutation(rows)


@lru_cache(CACHED_PERMUTATIONS)
def _cached_permutation(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    return _permutation(seed, epoch, rows)


@dataclass(frozen=True)
class Plan:
    """A run that has not started."""

    name: str
    seed: int
    data: Prepared
    n_classes: int | None  # None: regression
    network: Network
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    training: Training
    regularization: Regularization = field(default_factory=Regularization)

    @property
    def penalty(self) -> NDArray[np.float64]:
        """Return the settings of regularization as the compiled steps read them."""
        settings = self.regularization
        numbers = np.zeros(regularize.PENALTIES)
        numbers[regularize.L1], numbers[regularize.L2] = settings.l1, settings.l2
        numbers[regularize.DECAY] = settings.weight_decay + self.optimizer.decay
        numbers[regularize.BIASES] = settings.biases
        numbers[regularize.CLIP_NORM] = settings.clip_norm or 0.0
        numbers[regularize.CLIP_VALUE] = settings.clip_value or 0.0
        numbers[regularize.INPUT_NOISE] = settings.input_noise
        numbers[regularize.CLIP_FIRST] = settings.clip_first and settings.clips
        return numbers

    @property
    def averages(self) -> NDArray[np.float64]:
        """Return the settings of Lookahead and averaging as the compiled steps read them."""
        training, first_row = self.training, self.optimizer_rows
        return wrappers.packed(training.lookahead, training.averaging, first_row, self.steps_per_epoch, training.epochs)

    @property
    def sam(self) -> NDArray[np.float64]:
        """Return the settings of SAM as the compiled steps read them."""
        return sharpness.packed(self.training.sam)

    @property
    def optimizer_rows(self) -> int:
        """Number of state vectors of the optimizer."""
        return self.optimizer.rows(self.network.tensors())

    @property
    def state_rows(self) -> int:
        """Number of state vectors of the optimizer, Lookahead and averaging."""
        averages = (self.training.lookahead, self.training.averaging)
        return self.optimizer_rows + sum(average is not None for average in averages)

    @property
    def task(self) -> Task:
        """``classification`` or ``regression``."""
        return "regression" if self.n_classes is None else "classification"

    @property
    def metric(self) -> str:
        """``accuracy`` or ``r2``."""
        return DEFAULTS[self.task]

    @property
    def batch_rows(self) -> int:
        """Rows per batch."""
        size = self.training.batch_size
        return len(self.data.train.x) if size == "full" else size

    @property
    def steps_per_epoch(self) -> int:
        """Batches per epoch, including the last one, which may be smaller."""
        return -(-len(self.data.train.x) // self.batch_rows)

    @property
    def span(self) -> Span:
        """Steps and epochs of the whole run."""
        return Span(self.training.epochs * self.steps_per_epoch, self.training.epochs)

    @property
    def in_chunks(self) -> bool:
        """Whether several epochs can be trained in one call: nothing reads or changes the state between them."""
        steady = self.evaluates_theta and self.optimizer.curvature_row is None and not self.schedule.reacts
        return steady and self.data.train.in_memory

    @property
    def evaluates_theta(self) -> bool:
        """Whether the parameters after a step are those to evaluate and save, not slow or averaged weights."""
        training = self.training
        averaged = training.lookahead is not None or training.averaging is not None
        return not averaged and self.optimizer.evaluated_row is None

    @property
    def steps_in_memory(self) -> int | None:
        """Number of steps whose rows of a mapped file are in memory at the same time; None if all rows are."""
        if self.data.train.in_memory:
            return None
        return max(1, BLOCKS * self._block_rows // self.batch_rows)

    @property
    def _block_rows(self) -> int:
        numbers = self.network.inputs + 3 * self.network.outputs  # targets are computed in float64 first
        return block_rows(numbers * np.dtype(self.training.dtype).itemsize)

    @cached_property
    def sample(self) -> Split:
        """Return the training split; of one in a mapped file, random rows, from which its scores are computed."""
        train = self.data.train
        if not isinstance(train, MappedSplit):
            return train
        rows = max(1, min(SAMPLE_ROWS, BLOCKS * self._block_rows))
        return train.spread(sample_rows(len(train.x), rows, self.seed))

    def order(self, epoch: int) -> NDArray[np.int64] | WindowedOrder:
        """Return the rows of an epoch, counted from 0, in the order of training."""
        rows = len(self.data.train.x)
        if not self.data.train.in_memory:
            return WindowedOrder(self.seed, epoch, rows, self._block_rows)
        if self.steps_per_epoch == 1:
            return np.arange(rows)
        if rows > MAX_CACHED_ROWS:
            return _permutation(self.seed, epoch, rows)
        return _cached_permutation(self.seed, epoch, rows)  # shared with other runs at this seed

    def learning_rates(self, step: int, epoch: int, count: int) -> NDArray[np.float64]:
        """Return the learning rates of ``count`` epochs (count, K), starting with ``epoch`` after ``step`` steps."""
        steps = step + np.arange(count * self.steps_per_epoch)
        epochs = np.repeat(epoch + np.arange(count), self.steps_per_epoch)
        with np.errstate(over="ignore"):  # a learning rate that overflows makes the run diverge, which is detected
            learning_rates = self.optimizer.lr * self.schedule.factors(steps, epochs, self.span)
        return learning_rates.reshape(count, -1)
