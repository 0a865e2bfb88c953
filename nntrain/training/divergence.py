"""Divergence: a training loss that has grown beyond use, and the step at which numbers are no longer finite."""

from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from nntrain.training.engine import Engine
from nntrain.training.events import Baseline, Diverged

BEYOND_USE = 10  # times the loss of the first weights, and of the best constant prediction


@dataclass
class Growth:
    """How far the training loss has grown.

    It is beyond use where it is more than ten times the loss of the first weights and of the best constant prediction,
    both counted from the loss's lower bound. It may be so for a while, and come back: what counts is where a run ends.

    Attributes:
        baseline: of the training part.
        limit: the loss beyond which weights are of no use; infinite until the first loss is known.
    """

    baseline: Baseline
    limit: float = inf
    _left: Diverged | None = None  # the first of the latest epochs that were beyond it
    _last: Diverged = field(default_factory=lambda: Diverged(0, 0, "the training loss", 0.0))

    def begin(self, first: float) -> None:
        """Take in the loss of the first weights."""
        largest = max(first, self.baseline.loss) - self.baseline.floor
        self.limit = self.baseline.floor + BEYOND_USE * largest if largest > 0 else inf

    def see(self, loss: float, epoch: int, step: int, rate: float) -> None:
        """Take in the training loss of an epoch, which ended with ``step`` and the learning rate ``rate``."""
        self._last = Diverged(epoch, step, "the training loss", rate)
        self._left = None if loss <= self.limit else self._left or self._last

    def beyond_use(self, loss: float) -> Diverged | None:
        """Return since when the run has been beyond use if it ends with ``loss``, None if it is not."""
        return None if loss <= self.limit else replace(self._left or self._last, grown_to=loss)


def locate(
    engine: Engine, order: NDArray[np.int64], done: int, rates: NDArray[np.float64], epoch: int
) -> tuple[Diverged, int]:
    """Find the step after which, or in which, a number is not finite.

    Args:
        engine: with a finite state, as it was after ``done`` steps. It is left in the last finite state.
        order: the rows of the steps to come.
        done: steps of the run before them.
        rates: the learning rate of each step to come.
        epoch: the epoch they belong to, counted from 1.

    Returns:
        What happened, and how many of the steps were taken before it.
    """
    rows = engine.plan.batch_rows
    for index, rate in enumerate(rates):
        theta, state = engine.theta.copy(), engine.state.copy()
        batch = order[index * rows : (index + 1) * rows]
        losses = engine.take(batch, done + index, rates[index : index + 1])
        if not losses.size or not np.isfinite(engine.theta).all():
            where = _first_not_finite(engine, batch.size, bool(losses.size))
            engine.theta[:], engine.state[:] = theta, state
            return Diverged(epoch, done + index + 1, where, float(rate)), index
    raise AssertionError("the steps that were not finite before are finite now")


def _first_not_finite(engine: Engine, rows: int, updated: bool) -> str:
    """Name the first thing, in the order of computing, that is not finite in the step that the buffers hold."""
    network, buffers = engine.plan.network, engine.buffers
    names = [f"layer {index} ({layer.label})" for index, layer in enumerate(network.layers, start=1)]
    start = 0
    for name, layer in zip(names, network.layers, strict=True):
        stop = start + rows * layer.n_out
        for values, what in ((buffers.z, "pre-activations"), (buffers.h, "activations")):
            if not np.isfinite(values[start:stop]).all():
                return f"the {what} of {name}"
        start = stop
    if not updated:
        return "the loss"
    for vector, what in ((engine.grad, "the gradient of"), (engine.theta, "the updated parameters of")):
        for name, part in reversed(list(zip(names, network.slices(), strict=True))):
            if not np.isfinite(vector[part]).all():
                return f"{what} {name}"
    for name, arrays in zip(names, network.arrays(engine.theta), strict=True):
        if not all(np.isfinite(values).all() for values in arrays.values()):
            return f"the running averages of {name}"
    raise AssertionError("everything in the buffers is finite")
