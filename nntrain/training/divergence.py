"""Divergence: a training loss that has grown too large, and the step at which numbers stop being finite."""

from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from nntrain.network.regularize import DECAY, PENALTIES, decay
from nntrain.optimizers import Optimizer
from nntrain.training.engine import Engine
from nntrain.training.events import Baseline, Diverged
from nntrain.training.plan import Plan

RISEN_FACTOR = 1000  # a run has gone wrong if one batch has this many times that loss
DIVERGED_FACTOR = 10  # a run has diverged above this many times the initial loss and the baseline loss
PENALTY_STEPS = 2000  # steps in the test whether a penalty alone makes a weight grow
PENALTY_GROWTH = 1e3  # a weight that started at 1 has grown if it reaches this, times the learning rate if above 1


@dataclass
class Growth:
    """How far the training loss has grown.

    A run has diverged if it ends with more than ten times the loss of the initial weights and of the best constant
    prediction, both measured from the loss's lower bound. The loss may exceed that limit for a while and recover.

    Attributes:
        baseline: of the training split.
        limit: the loss above which a run has diverged; infinite until the first loss is known.
        exceeded_at: the first of the latest consecutive epochs above the limit; None if the last one was not.
        last: the last epoch.
    """

    baseline: Baseline
    limit: float = inf
    exceeded_at: Diverged | None = None
    last: Diverged = field(default_factory=lambda: Diverged(0, 0, "the training loss", 0.0))

    def begin(self, first: float) -> None:
        """Record the loss of the initial weights."""
        largest = max(first, self.baseline.loss) - self.baseline.floor
        self.limit = self.baseline.floor + DIVERGED_FACTOR * largest if largest > 0 else inf

    @property
    def risen(self) -> float:
        """The loss of a batch that shows that the run has gone wrong."""
        floor = self.baseline.floor
        return floor + RISEN_FACTOR / DIVERGED_FACTOR * (self.limit - floor)

    def record(self, loss: float, epoch: int, step: int, rate: float) -> None:
        """Record the training loss of an epoch, which ended with ``step`` and the learning rate ``rate``."""
        self.last = Diverged(epoch, step, "the training loss", rate)
        self.exceeded_at = None if loss <= self.limit else self.exceeded_at or self.last

    def divergence(self, loss: float) -> Diverged | None:
        """Return where the loss exceeded the limit and stayed above it, if the run ends with ``loss``; else None."""
        return None if loss <= self.limit else replace(self.exceeded_at or self.last, grown_to=loss)


def locate(
    engine: Engine, order: NDArray[np.int64], done: int, learning_rates: NDArray[np.float64], epoch: int
) -> tuple[Diverged, int]:
    """Find the first step that computes a number that is not finite.

    Args:
        engine: with the state after ``done`` steps, which is finite. It is left in the last finite state.
        order: the rows of the next steps.
        done: steps of the run before them.
        learning_rates: of each of the next steps.
        epoch: the epoch they belong to, counted from 1.

    Returns:
        What happened, and how many of the steps were taken before.
    """
    rows = engine.plan.batch_rows
    for index, rate in enumerate(learning_rates):
        theta, state = engine.theta.copy(), engine.state.copy()
        batch = order[index * rows : (index + 1) * rows]
        losses = engine.take_steps(batch, done + index, learning_rates[index : index + 1])
        if not losses.size or not engine.is_finite():
            where = first_not_finite(engine, batch.size, bool(losses.size))
            engine.theta[:], engine.state[:] = theta, state
            penalty = penalty_that_grows(engine.plan, float(rate))
            return Diverged(epoch, done + index + 1, where, float(rate), penalty=penalty), index
    raise AssertionError("repeating the steps gave finite numbers only")


def penalty_that_grows(plan: Plan, rate: float) -> str | None:
    """Return the key of a penalty that alone makes a weight grow at a learning rate, None if there is none.

    A step of plain gradient descent subtracts rate·l2·w from a weight w: where rate·l2 > 2, |w| grows at every step.
    Other optimizers have other limits or none, so the optimizer itself is run.
    """
    settings, optimizer = plan.regularization, plan.optimizer
    amounts = {
        "regularization.l2": (settings.l2, 0.0),
        "regularization.weight_decay": (0.0, settings.weight_decay),
        "optimizer.weight_decay": (0.0, optimizer.decay),
    }
    return next((key for key, amount in amounts.items() if any(amount) and _grows(optimizer, rate, *amount)), None)


def _grows(optimizer: Optimizer, rate: float, l2: float, shrinkage: float) -> bool:
    theta, tensors = np.ones(1), np.array([[0, 1, 1]])
    state, hyper, penalty = np.zeros((optimizer.rows(tensors), 1)), np.array(optimizer.hyper()), np.zeros(PENALTIES)
    penalty[DECAY] = shrinkage
    update = optimizer.update[theta.dtype]
    for k in range(1, PENALTY_STEPS + 1):
        gradient = l2 * theta
        decay(tensors, theta, penalty, rate)
        update(theta, gradient, state, tensors, hyper, rate, k, 0, 1)
        if not abs(theta[0]) < PENALTY_GROWTH * max(1.0, rate):
            return True
    return False


def first_not_finite(engine: Engine, rows: int, with_gradient: bool) -> str:
    """Name the first value that is not finite in the step on ``rows`` rows that the workspace holds.

    ``with_gradient``: whether the loss was finite, so that gradient and update were computed.
    """
    network, workspace = engine.plan.network, engine.workspace
    names = [f"layer {index} ({layer.label})" for index, layer in enumerate(network.layers, start=1)]
    for name, z, h in zip(names, network.by_layer(workspace.z, rows), network.by_layer(workspace.h, rows), strict=True):
        for values, what in ((z, "pre-activations"), (h, "activations")):
            if not np.isfinite(values).all():
                return f"the {what} of {name}"
    if not with_gradient:
        return "the loss"
    updated_parts = [(engine.grad, "the gradient of"), (engine.theta, "the updated parameters of")]
    for vector, what in [*updated_parts, *((row, "the optimizer's state of") for row in engine.state)]:
        for name, part in reversed(list(zip(names, network.slices(), strict=True))):
            if not np.isfinite(vector[part]).all():
                return f"{what} {name}"
    for name, arrays in zip(names, network.arrays(engine.theta), strict=True):
        if not all(np.isfinite(values).all() for values in arrays.values()):
            return f"the running averages of {name}"
    raise AssertionError("everything is finite")
