"""The Robbins-Monro conditions on a schedule's learning rates: an infinite sum, and a finite sum of squares.

Under both, stochastic gradient descent converges in spite of its noise: the steps can reach any point, and the noise
dies out.

Formula:
    Σ ε_k = ∞  and  Σ ε_k² < ∞

Source: Robbins and Monro, A stochastic approximation method, 1951.
"""

from dataclasses import dataclass

import numpy as np

from nntrain.schedules import Schedule, Span

SAMPLES = 20_000
DECADES = 3  # of each of the two windows of steps that are compared
FIRST = 6  # power of 10 at which the first window begins
TOLERANCE = 1e-2  # of an exponent


@dataclass(frozen=True)
class Conditions:
    """Which conditions hold.

    Attributes:
        sum_diverges: Σ ε_k = ∞: the steps can reach any point.
        squares_converge: Σ ε_k² < ∞: the noise dies out.
    """

    sum_diverges: bool
    squares_converge: bool


def robbins_monro(schedule: Schedule, steps: int) -> Conditions:
    """Return which conditions hold for a schedule, planned for ``steps`` steps, if training never ended.

    Far beyond the plan, the means of ε and ε² over windows of steps fall as powers of k. A sum converges if the power
    is above 1.
    """
    means = []
    for window in range(2):
        start = FIRST + window * DECADES
        k = np.unique(np.logspace(start, start + DECADES, SAMPLES).astype(np.int64))
        with np.errstate(all="ignore"):
            factors = np.asarray(schedule.factors(k, k, Span(steps, steps)), np.float64)
        means.append((float(factors.mean()), float(np.square(factors).mean())))
    first, second = (_exponent(early, late) for early, late in zip(*means, strict=True))
    return Conditions(first <= 1 + TOLERANCE, second > 1 + TOLERANCE)


def _exponent(early: float, late: float) -> float:
    """Return p where means fall as k^-p; infinite for what falls faster than any power."""
    if late <= 0:
        return np.inf
    return float(np.log10(early / late) / DECADES)
