"""The flight recorder: the steps before a run goes wrong, taken again to measure what training itself does not.

Nothing is recorded during a compiled call. A step is a function of the state before it, its rows and its number, so the
last steps are repeated from the state before the call, or the one before that, with the same results to the bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.training.divergence import Growth, first_not_finite
from nntrain.training.engine import Engine, Indices, Reals
from nntrain.training.events import Crash, Diverged, LayerRecord, StepRecord
from nntrain.training.measurements import norm

RECORDED_STEPS = 10  # maximum number of steps in a report
JUMP = 10  # a quantity has jumped if it is this many times what it was in the first recorded step
NAMES = {"activation": "the largest activation", "weights": "the weights", "gradient": "the gradient"}


class Call(NamedTuple):
    """A compiled call of K steps in each of E epochs."""

    begin: tuple[NDArray[Any], NDArray[Any]]  # parameters and optimizer state before it
    orders: Indices  # the rows of each epoch (E, N)
    done: int  # steps of the run before it
    rates: Reals  # the learning rate of each step (E, K)
    epoch: int  # the first epoch, counted from 1


class Recorder:
    """Finds the step at which a run goes wrong, and records the steps before it.

    A run reports numbers that are not finite, and before that the first step whose loss is a thousand times that of the
    initial weights and that of the best constant prediction, both measured from the loss's lower bound.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: list[Crash] = []
        self._has_risen = False
        self._previous: Call | None = None  # whose arrays nobody has changed since
        self._failed: Call | None = None

    def reports(self) -> list[Crash]:
        """Return the reports since the last call, in the order of their steps."""
        found, self._found = sorted(self._found, key=lambda crash: crash.steps[-1].step), []
        return found

    def see(self, call: Call, losses: Reals, growth: Growth) -> None:
        """Take in the losses of the steps of a call, and record the steps before the first one that is too large."""
        whole = self._engine.plan.steps_per_epoch if self._engine.plan.loss.reduction == "sum" else 1
        if not self._has_risen and losses.size and whole * losses.max() > growth.risen:
            self._has_risen = True
            index = int((whole * losses.ravel() > growth.risen).argmax())
            steps = self._last_steps(call, index)
            first, where = first_jump(steps)
            self._found.append(Crash("the loss rose a thousandfold", first, where, steps))
        self._previous = call

    def see_failed(self, call: Call) -> None:
        """Take in a call of several epochs with a number that is not finite; they are then repeated one by one."""
        self._failed = call

    def not_finite(self, call: Call, diverged: Diverged) -> None:
        """Record the steps up to the one in a call that ended the run."""
        steps = self._last_steps(call, diverged.step - call.done - 1)
        self._found.append(Crash("numbers are not finite", diverged.step, diverged.where, steps))

    def _last_steps(self, call: Call, index: int) -> tuple[StepRecord, ...]:
        """Return the steps up to ``index`` in a call, with those of the call before; the engine stays as it is."""
        if self._failed is not None:
            call, index = self._failed, call.done + index - self._failed.done
        calls, before = [call], self._previous
        if before is not None and before.done + before.rates.size == call.done:
            calls, index = [before, call], index + before.rates.size
        engine, rows = self._engine, self._engine.plan.batch_rows
        first, position, records = max(0, index - RECORDED_STEPS + 1), 0, []
        with _preserved(engine):
            engine.theta[:], engine.state[:] = calls[0].begin
            for one in calls:
                for epoch, (order, rates) in enumerate(zip(one.orders, one.rates, strict=True), start=one.epoch):
                    done = calls[0].done + position
                    skipped = min(max(first - position, 0), rates.size)
                    if skipped:
                        engine.take_steps(order[: skipped * rows], done, rates[:skipped])
                    for k in range(skipped, min(index - position + 1, rates.size)):
                        batch = order[k * rows : (k + 1) * rows]
                        records.append(record_step(engine, batch, done + k, float(rates[k]), epoch))
                    position += rates.size
        return tuple(records)


@contextmanager
def _preserved(engine: Engine) -> Iterator[None]:
    arrays = [engine.theta, engine.state, engine.grad, engine.unclipped_gradient]
    copies = [values.copy() for values in arrays]
    numbers = engine.gradient_norm, engine.clipped
    yield
    for values, copy in zip(arrays, copies, strict=True):
        values[:] = copy
    engine.gradient_norm, engine.clipped = numbers


def record_step(engine: Engine, batch: NDArray[np.int64], done: int, rate: float, epoch: int) -> StepRecord:
    """Take a step and return its values.

    Args:
        engine: with the state before the step; afterwards it has the state after it.
        batch: the rows of the step.
        done: steps of the run before it.
        rate: its learning rate.
        epoch: its epoch, counted from 1.
    """
    network, before = engine.plan.network, engine.theta.copy()
    losses = engine.take_steps(batch, done, np.array([rate]))
    finite = bool(losses.size) and engine.is_finite()
    where = None if finite else first_not_finite(engine, batch.size, bool(losses.size))
    activations = [float(np.abs(h).max()) for h in network.by_layer(engine.workspace.h, batch.size)]
    loss = float(losses[0]) if losses.size else engine.loss_and_gradient(batch, done)[0]
    gradient = engine.unclipped_gradient
    layers = tuple(
        LayerRecord(
            label=f"{index} {layer.label}",
            weights=norm(before[part]),
            activation=activation,
            gradient=norm(gradient[part]) if losses.size else None,
            update=norm(engine.theta[part] - before[part]) if losses.size else None,
        )
        for index, (layer, part, activation) in enumerate(
            zip(network.layers, network.slices(), activations, strict=True), start=1
        )
    )
    return StepRecord(
        epoch=epoch,
        step=done + 1,
        rows=tuple((batch + 1).tolist()),
        learning_rate=rate,
        loss=loss,
        gradient_norm=norm(gradient) if losses.size else None,
        layers=layers,
        not_finite=where,
    )


def first_jump(steps: tuple[StepRecord, ...]) -> tuple[int, str]:
    """Return the first step and the first layer's quantity that is ten times what it was in the first of ``steps``.

    Layers are looked through in the order of the forward pass for activations and weights, then backwards for
    gradients. If no quantity is, the last step and its loss are returned.
    """
    first = steps[0]
    for step in steps[1:]:
        pairs = list(zip(first.layers, step.layers, strict=True))
        for what, order in (("activation", pairs), ("weights", pairs), ("gradient", pairs[::-1])):
            for old, new in order:
                before, now = getattr(old, what), getattr(new, what)
                if before and now is not None and now > JUMP * before:
                    number, _, label = new.label.partition(" ")
                    return step.step, f"{NAMES[what]} of layer {number} ({label}) grew {now / before:,.0f}-fold"
    return steps[-1].step, "the training loss"
