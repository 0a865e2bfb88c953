"""The facts of a run that is about to start, and the statistics of its layers."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import loss_scale
from nntrain.training.engine import Engine
from nntrain.training.events import LayerFacts, LayerStatistics, Started, Statistics

MAX_COST = 0.01  # fraction of the training time that statistics may take, if the recipe sets no interval
MIN_MEASUREMENTS = 20  # minimum number of measurements in a run of at least as many epochs
SAFE_NORM = 1e-140  # the squares of a vector with a norm between this and its inverse neither over- nor underflow


def started(engine: Engine, every: int) -> Started:
    """Return the facts about a run that is about to start; ``every``: epochs between two statistics."""
    plan = engine.plan
    layers = tuple(
        LayerFacts(f"{index} {layer.label}", layer.activation.name, layer.n_in, layer.n_out, layer.parameters)
        for index, layer in enumerate(plan.network.layers, start=1)
    )
    return Started(
        name=plan.name,
        task=plan.task,
        metric=plan.metric,
        layers=layers,
        rows={name: len(rows.x) for name, rows in engine.splits.items()} | {"train": len(plan.data.train.x)},
        epochs=plan.training.epochs,
        steps_per_epoch=plan.steps_per_epoch,
        probe_rows=len(engine.probe.x),
        statistics_every=every,
        baseline=engine.baseline,
        search=plan.optimizer.keeps_best,
        steps_are="evaluations" if plan.optimizer.full_batch else "steps",
        monitor=plan.training.monitor,
        loss_scale=loss_scale(plan.data.targets),
        scaled_features=plan.data.inputs is not None,
    )


def statistics(engine: Engine) -> Statistics:
    """Return each layer's gradient norm and dead units, and the scores on the probe."""
    network = engine.plan.network
    alive = np.zeros(network.units, np.bool_)
    train = engine.score(engine.probe, alive)
    layers, gradient = [], engine.unclipped_gradient
    for layer, part, alive_units in zip(network.layers, network.slices(), network.by_layer(alive, 1), strict=True):
        dead = float(1 - alive_units.mean()) if layer.activation.can_die else None
        layers.append(LayerStatistics(norm(gradient[part]), dead))
    return Statistics(tuple(layers), train)


def statistics_interval(engine: Engine) -> int:
    """Return the epochs between two statistics: the recipe's, or enough that statistics take little time in a long run.

    The cost is estimated from sizes, not measured, so that every run of a recipe writes the same metrics.
    """
    plan = engine.plan
    if plan.training.statistics_every is not None:
        return plan.training.statistics_every
    row = 2e-11 * plan.network.multiply_adds + 5e-10 * plan.network.units  # seconds for its forward pass
    once = 300e-6 + len(engine.probe.x) * row + 1e-9 * engine.theta.size
    epoch = plan.steps_per_epoch * 1.5e-6 + len(plan.data.train.x) * 2 * row  # two such passes for a training step
    return min(ceil(once / (MAX_COST * epoch)), ceil(plan.training.epochs / MIN_MEASUREMENTS))


def norm(values: NDArray[Any]) -> float:
    """Return the Euclidean norm, also where the squares would over- or underflow."""
    values = values.ravel().astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        found = _root_of_squares(values)
        if SAFE_NORM < found < 1 / SAFE_NORM:
            return found
        largest = float(np.abs(values).max(initial=0))
        return largest * _root_of_squares(values / largest) if 0 < largest < np.inf else largest


def _root_of_squares(values: NDArray[np.float64]) -> float:
    # not by BLAS, whose threads keep spinning after their work and slow down the thread pool's
    return float(np.sqrt(np.square(values).sum()))
