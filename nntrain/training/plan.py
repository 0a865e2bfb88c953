"""All that one run is made of, as objects: what a recipe becomes once its data are read."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Prepared
from nntrain.losses import Loss
from nntrain.network import regularize
from nntrain.network.network import Network
from nntrain.optimizers import Optimizer
from nntrain.optimizers import averaging as wrappers
from nntrain.schedules import Schedule, Span
from nntrain.training.settings import Regularization, Training
from nntrain.utils.random import stream

FEW_ROWS, KEPT = 4096, 512  # a permutation of so many rows is kept, and so many of them: 16 MB


def _permutation(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    return stream(seed, "order", epoch).permutation(rows)


@lru_cache(KEPT)
def _kept_permutation(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    return _permutation(seed, epoch, rows)


@dataclass(frozen=True)
class Plan:
    """A run that has not begun."""

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
        """Return what regularises, as the compiled steps read it."""
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
        """Return the weights that follow the ones that learn, as the compiled steps read them."""
        training, first_row = self.training, self.optimizer.state_rows
        return wrappers.packed(training.lookahead, training.averaging, first_row, self.steps_per_epoch, training.epochs)

    @property
    def state_rows(self) -> int:
        """How many vectors the optimizer and the weights that follow need."""
        averages = (self.training.lookahead, self.training.averaging)
        return self.optimizer.state_rows + sum(follower is not None for follower in averages)

    @property
    def task(self) -> str:
        """``classification`` or ``regression``."""
        return "regression" if self.n_classes is None else "classification"

    @property
    def metric(self) -> str:
        """``accuracy`` or ``r2``."""
        return "r2" if self.n_classes is None else "accuracy"

    @property
    def batch_rows(self) -> int:
        """Rows of a batch."""
        size = self.training.batch_size
        return len(self.data.train.x) if size == "full" else size

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch, the last and perhaps smaller one counted."""
        return -(-len(self.data.train.x) // self.batch_rows)

    @property
    def span(self) -> Span:
        """How long the run is to be."""
        return Span(self.training.epochs * self.steps_per_epoch, self.training.epochs)

    @property
    def in_blocks(self) -> bool:
        """Whether nothing looks at the parameters between epochs, so that several can be trained in one call."""
        training = self.training
        followed = training.lookahead is not None or training.averaging is not None
        return not (followed or self.schedule.reacts)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the rows of an epoch, counted from 0, in the order in which they are trained on."""
        rows = len(self.data.train.x)
        if self.steps_per_epoch == 1:
            return np.arange(rows)
        if rows > FEW_ROWS:
            return _permutation(self.seed, epoch, rows)
        return _kept_permutation(self.seed, epoch, rows)  # which other runs at this seed want too

    def rates(self, step: int, epoch: int, count: int) -> NDArray[np.float64]:
        """Return the learning rates of ``count`` epochs (count, K), from ``epoch`` on, which follows ``step`` steps."""
        steps = step + np.arange(count * self.steps_per_epoch)
        epochs = np.repeat(epoch + np.arange(count), self.steps_per_epoch)
        with np.errstate(over="ignore"):  # a rate that grows without end diverges, and is found there
            rates = self.optimizer.lr * self.schedule.factors(steps, epochs, self.span)
        return rates.reshape(count, -1)
