"""Where a run's numbers ceased to be finite: the steps since the last good state are taken again, one by one."""

import numpy as np
from numpy.typing import NDArray

from nntrain.training.engine import Engine
from nntrain.training.events import Diverged


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
    raise AssertionError("everything in the buffers is finite")
