"""Derivatives by central differences, with a step chosen for each coordinate and a bound on the error.

(f(w + h) - f(w - h)) / 2h has a truncation error, which falls as h², and a rounding error, which grows as 1/h. The best
h depends on the units of features and targets, on the curvature and on the size of f, so no single h serves all
coordinates. The quotients of two steps, one 4 times the other, differ by the truncation error; the rounding error is
estimated from the noise of f.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)
FIRST_STEP = 1.5e-6  # near the cube root of the rounding error
STEP_RATIO = 4.0  # of consecutive steps
MIN_POWER, MAX_POWER = -13, 12  # powers of STEP_RATIO that are tried: steps from 2e-14 to 2e1
GOOD_ENOUGH = 1e-10  # relative error at which the search for a better step ends
NOISE_POINTS, NOISE_SPACING, NOISE_ORDERS = (
    9,
    2.0**-44,
    range(3, 7),
)  # noise: points on a line, their distance, orders of differences
RELIABLE_ERROR = 1e-2  # maximum relative error of an estimate that may overrule a better one
NOISE_MARGIN = 4.0  # standard deviations of noise


class Moved(NamedTuple):
    """A function value at a point of a line."""

    by: float  # distance from the middle, after rounding
    value: Any  # a number or a vector
    side: NDArray[np.bool_]  # side of each kink on which it was computed


class Quotient(NamedTuple):
    """A plain difference quotient."""

    value: Any
    rounding: float  # bound on its rounding error
    crossed: bool  # whether the step crossed a kink


@dataclass(frozen=True)
class Estimate:
    """An estimated derivative.

    Attributes:
        value: the derivative, extrapolated from two steps; a number or a vector.
        error: bound on its error (norm); infinite if unknown.
        power: the smaller step is FIRST_STEP times STEP_RATIO to this power.
        kink: whether any step that was tried crossed a kink.
    """

    value: Any
    error: float
    power: int
    kink: bool


def noise(values_at: Callable[[Vector], Any], theta: Vector, random: np.random.Generator) -> float:
    """Return the standard deviation of a function's rounding error near ``theta`` (of a vector, the norm).

    High-order differences of values on a short line cancel the smooth part.

    Source: Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 2011.
    """
    along = random.choice([-1.0, 1.0], theta.size) * NOISE_SPACING * np.maximum(1.0, np.abs(theta))
    table = np.array([values_at(theta + (j - NOISE_POINTS // 2) * along) for j in range(NOISE_POINTS)], np.float64)
    if not np.isfinite(table).all():
        return inf
    size, found = _norm(table[NOISE_POINTS // 2]), inf
    for order in range(1, max(NOISE_ORDERS) + 1):
        table = np.diff(table, axis=0)
        share = factorial(order) ** 2 / factorial(2 * order)
        if order in NOISE_ORDERS:
            found = min(found, float(np.sqrt(share * np.square(table).sum() / len(table))))
    return max(found, EPS * size / 2)


class Differences:
    """Difference quotients of a function along a line; each is computed once."""

    def __init__(
        self,
        along: Callable[[float], Moved],
        middle: Moved,
        deviation: float,
        scale: float = 1.0,
        h: float | None = None,
    ) -> None:
        """Set up the line.

        Args:
            along: returns the function at a distance from the middle.
            middle: the function at the middle.
            deviation: standard deviation of the function's noise.
            scale: multiplies steps; at least the magnitude of the coordinate, or small steps would round away.
            h: the step, relative to the scale; None to choose one.
        """
        self._along, self._middle, self._deviation, self._fixed = along, middle, deviation, h is not None
        self._first = (h or FIRST_STEP) * scale
        self._found: dict[int, Quotient] = {}

    def quotient(self, power: int) -> Quotient:
        """Return the quotient of FIRST_STEP times STEP_RATIO to a power."""
        if power not in self._found:
            h = self._first * STEP_RATIO**power
            upper, lower = self._along(h), self._along(-h)
            width, side = upper.by - lower.by, self._middle.side
            crossed = bool((upper.side != side).any() or (lower.side != side).any())
            size = max(_norm(upper.value), _norm(lower.value))
            if width > 0 and np.isfinite(size):
                rounding = 2 * (NOISE_MARGIN * self._deviation + 2 * EPS * size) / width
                self._found[power] = Quotient((upper.value - lower.value) / width, rounding, crossed)
            else:
                self._found[power] = Quotient(0.0 * self._middle.value, inf, crossed)
        return self._found[power]

    def estimate(self, power: int) -> Estimate:
        """Return the extrapolated estimate of a step and one STEP_RATIO times as large.

        The next smaller step has to agree; otherwise both steps are outside the range where truncation falls as h².
        """
        small, large, smaller = self.quotient(power), self.quotient(power + 1), self.quotient(power - 1)
        if small.crossed or large.crossed:
            return Estimate(small.value, inf, power, True)
        difference = small.value - large.value
        value = small.value if self._fixed else small.value + difference / (STEP_RATIO**2 - 1)
        disagreement = max(0.0, _norm(value - smaller.value) - smaller.rounding)
        return Estimate(value, _norm(difference) / STEP_RATIO + small.rounding + disagreement, power, False)

    def best(self) -> Estimate:
        """Return the estimate with the smallest error, searching from the first step towards smaller or larger ones."""
        best = self.estimate(0)
        if self._fixed:
            return best
        met = best.kink
        direction = -1 if best.error > 2 * self.quotient(0).rounding else 1  # towards less of the larger error
        power = direction
        while MIN_POWER < power < MAX_POWER and best.error > GOOD_ENOUGH * _norm(best.value):
            found = self.estimate(power)
            met = met or found.kink
            if found.error < best.error:
                best = found
            elif not (found.kink and direction < 0):
                break
            power += direction
        return Estimate(best.value, best.error, best.power, met)

    def supporting(self, value: float, best: Estimate) -> Estimate:
        """Return a reliable estimate by a smaller step that agrees with ``value``; else ``best``.

        Beyond its smooth range a function may be a straight line again, with another slope.
        """
        for power in range(best.power - 1, MIN_POWER, -1):
            found = self.estimate(power)
            size = max(abs(value), abs(found.value))
            if not found.kink and self.quotient(power).rounding > RELIABLE_ERROR * size:
                break
            if abs(value - found.value) <= found.error <= RELIABLE_ERROR * size:
                return found
        return best


class Directions:
    """Directions through a point along which a function is differentiated."""

    def __init__(
        self, at: Callable[[Vector], tuple[Any, NDArray[np.bool_]]], theta: NDArray[Any], deviation: float
    ) -> None:
        """Set up the point.

        Args:
            at: returns the function (number or vector) and the side of each kink.
            theta: the point.
            deviation: standard deviation of the function's noise.
        """
        self._at, self._theta, self._deviation = at, theta, deviation
        self._middle = Moved(0.0, *at(theta))

    def coordinate(self, i: int, h: float | None = None) -> Differences:
        """Return the differences along parameter ``i``; ``h`` is relative to max(1, |parameter|)."""
        theta = self._theta

        def along(by: float) -> Moved:
            moved = theta.copy()
            moved[i] += by
            return Moved(float(moved[i] - theta[i]), *self._at(moved))

        return Differences(along, self._middle, self._deviation, max(1.0, abs(float(theta[i]))), h)

    def direction(self, v: Vector) -> Differences:
        """Return the differences along a unit vector over the first parameters."""
        theta = self._theta

        def along(by: float) -> Moved:
            moved = theta.copy()
            moved[: v.size] += by * v
            return Moved(by, *self._at(moved))

        scale = max(1.0, float(np.sqrt(np.square(theta[: v.size]).mean())))
        return Differences(along, self._middle, self._deviation, scale)


def _norm(values: Any) -> float:
    return abs(values) if isinstance(values, float) else float(np.linalg.norm(values))
