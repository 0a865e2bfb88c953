"""The learning rate range test: train once while the learning rate grows, and watch where the loss falls and rises."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

STEPS = 200
LOWEST, HIGHEST = 1e-7, 100.0  # learning rates
SMOOTHING = 0.9
EXPLODED = 4.0  # times the lowest loss, counted from the floor, at which the test ends
MARGIN = 3.0  # the suggestion is at most the learning rate of the lowest loss divided by this
RULE = "the middle of the steepest decade, at most a third of the learning rate of the lowest loss"

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class RangeTest:
    """The result of a range test.

    Attributes:
        learning_rates: of each step taken (S), ascending.
        losses: of each step's batch (S).
        smoothed: exponential mean of the losses (S).
        suggested: the suggested learning rate; None if the loss never falls.
        lowest: the learning rate at the minimum of the smoothed loss.
        current: the recipe's learning rate.
        rule: how the suggestion was found.
    """

    learning_rates: Numbers
    losses: Numbers
    smoothed: Numbers
    suggested: float | None
    lowest: float
    current: float
    rule: str = RULE

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def range_test(plan: Plan, steps: int = STEPS) -> RangeTest:
    """Train for some steps, with a learning rate that grows from LOWEST to HIGHEST.

    Formula:
        lr_k = LOWEST (HIGHEST / LOWEST)^(k / (steps - 1))

    Source: Smith, Cyclical learning rates for training neural networks, 2017.
    """
    engine, rates = Engine(plan), np.geomspace(LOWEST, HIGHEST, steps)
    rows, per_epoch, losses = plan.batch_rows, plan.steps_per_epoch, list[float]()
    floor = engine.baseline["train"].floor
    smoothed, mean = list[float](), 0.0
    for k, rate in enumerate(rates):
        batch = k % per_epoch
        order = plan.order(k // per_epoch)[batch * rows : (batch + 1) * rows]
        taken = engine.take_steps(order, k, np.array([rate]))
        if not taken.size or not np.isfinite(taken[0]) or not engine.is_finite():
            break
        losses.append(float(taken[0]))
        mean = SMOOTHING * mean + (1 - SMOOTHING) * losses[-1]
        smoothed.append(mean / (1 - SMOOTHING ** (k + 1)))
        if smoothed[-1] - floor > EXPLODED * (min(smoothed) - floor) and smoothed[-1] > smoothed[0]:
            break
    found = np.array(smoothed)
    return RangeTest(
        learning_rates=rates[: len(losses)],
        losses=np.array(losses),
        smoothed=found,
        suggested=suggestion(rates[: found.size], found),
        lowest=float(rates[int(found.argmin())]) if found.size else float(rates[0]),
        current=plan.optimizer.lr,
    )


def suggestion(rates: Numbers, smoothed: Numbers) -> float | None:
    """Return the learning rate in the middle of the decade over which the smoothed loss falls most, up to its minimum.

    A whole decade, since the loss of single batches is too noisy for a slope.
    """
    if smoothed.size < 3:
        return None
    decade = max(2, round(1 / float(np.log10(rates[1] / rates[0]))))
    least = int(smoothed.argmin())
    falls = smoothed[: least + 1][:-decade] - smoothed[: least + 1][decade:]
    if not falls.size or falls.max() <= 0:
        return None
    steepest = int(falls.argmax()) + decade // 2
    return float(f"{min(rates[steepest], rates[least] / MARGIN):.2g}")
