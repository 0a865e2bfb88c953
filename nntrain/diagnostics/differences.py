"""Derivatives by central differences, each with a step that suits it and with a bound on its error.

(f(w + h) - f(w - h)) / 2h is off by two errors: truncation, which falls with h², and rounding, which grows as 1/h.
Where they meet depends on the units of features and targets, on the curvature and on the size of f, so that no one h
serves all coordinates. Quotients of neighbouring steps, each 4 times as large as the one before, tell truncation by
their difference; rounding is measured as noise of f.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)
STEP = 1.5e-6  # to begin with, beside one RATIO times as large: near the cube root of the rounding error
RATIO = 4.0  # of two neighbouring steps
LOWEST, HIGHEST = -13, 12  # powers of it that are tried: steps from 2e-14 to 2e1
ENOUGH = 1e-10  # relative error, at which no better step is looked for
POINTS, SPACING, ORDERS = 9, 2.0**-44, range(3, 7)  # noise: values on a line, and which of their differences
TELLS = 1e-2  # relative error of an estimate that is heard against a better one
SAFE = 4.0  # times the standard deviation of noise


class Moved(NamedTuple):
    """A function somewhere along a line."""

    by: float  # how far from the middle, as it is after rounding
    value: Any  # a number or a vector
    side: NDArray[np.bool_]  # of each corner on which it was computed


class Quotient(NamedTuple):
    """A difference quotient as it is."""

    value: Any
    rounding: float  # its error by rounding
    crossed: bool  # whether the step crossed a corner


@dataclass(frozen=True)
class Estimate:
    """A derivative by differences.

    Attributes:
        value: the derivative, extrapolated from two steps; a number or a vector.
        error: that it, or its norm, may have; infinite where nothing is known.
        power: of RATIO by which the smaller step is the first one.
        corner: whether a step of this size, or another one that was tried, crossed a corner.
    """

    value: Any
    error: float
    power: int
    corner: bool


def noise(values_at: Callable[[Vector], Any], theta: Vector, random: np.random.Generator) -> float:
    """Return the standard deviation of the rounding error of a function near ``theta``; of a vector, its norm.

    Differences of high order of values on a short line cancel whatever is smooth in them.

    Source: Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 2011.
    """
    along = random.choice([-1.0, 1.0], theta.size) * SPACING * np.maximum(1.0, np.abs(theta))
    table = np.array([values_at(theta + (j - POINTS // 2) * along) for j in range(POINTS)], np.float64)
    if not np.isfinite(table).all():
        return inf
    size, found = _norm(table[POINTS // 2]), inf
    for order in range(1, max(ORDERS) + 1):
        table = np.diff(table, axis=0)
        share = factorial(order) ** 2 / factorial(2 * order)
        if order in ORDERS:
            found = min(found, float(np.sqrt(share * np.square(table).sum() / len(table))))
    return max(found, EPS * size / 2)


class Differences:
    """The difference quotients of a function along a line, each computed once."""

    def __init__(
        self,
        along: Callable[[float], Moved],
        middle: Moved,
        deviation: float,
        scale: float = 1.0,
        h: float | None = None,
    ) -> None:
        """Prepare them.

        Args:
            along: the function at a distance from the middle.
            middle: the function in the middle.
            deviation: of the function's noise.
            scale: of steps: at least as large as what is moved, or a small step would be lost.
            h: the step, relative to the scale; None for one that suits.
        """
        self._along, self._middle, self._deviation, self._fixed = along, middle, deviation, h is not None
        self._first = (h or STEP) * scale
        self._found: dict[int, Quotient] = {}

    def quotient(self, power: int) -> Quotient:
        """Return the quotient of the first step times a power of RATIO."""
        if power not in self._found:
            h = self._first * RATIO**power
            upper, lower = self._along(h), self._along(-h)
            width, side = upper.by - lower.by, self._middle.side
            crossed = bool((upper.side != side).any() or (lower.side != side).any())
            size = max(_norm(upper.value), _norm(lower.value))
            if width > 0 and np.isfinite(size):
                rounding = 2 * (SAFE * self._deviation + 2 * EPS * size) / width
                self._found[power] = Quotient((upper.value - lower.value) / width, rounding, crossed)
            else:
                self._found[power] = Quotient(0.0 * self._middle.value, inf, crossed)
        return self._found[power]

    def estimate(self, power: int) -> Estimate:
        """Return what a step and its neighbour, RATIO times as large, tell together.

        A step that is smaller still has to agree, or the steps are too large for what is taken for truncation.
        """
        small, large, smaller = self.quotient(power), self.quotient(power + 1), self.quotient(power - 1)
        if small.crossed or large.crossed:
            return Estimate(small.value, inf, power, True)
        difference = small.value - large.value
        value = small.value if self._fixed else small.value + difference / (RATIO**2 - 1)
        disagreement = max(0.0, _norm(value - smaller.value) - smaller.rounding)
        return Estimate(value, _norm(difference) / RATIO + small.rounding + disagreement, power, False)

    def best(self) -> Estimate:
        """Return the estimate with the least error: from the first step on, to smaller steps or to larger ones."""
        best = self.estimate(0)
        if self._fixed:
            return best
        met = best.corner
        direction = -1 if best.error > 2 * self.quotient(0).rounding else 1  # truncation or rounding, the larger one
        power = direction
        while LOWEST < power < HIGHEST and best.error > ENOUGH * _norm(best.value):
            found = self.estimate(power)
            met = met or found.corner
            if found.error < best.error:
                best = found
            elif not (found.corner and direction < 0):
                break
            power += direction
        return Estimate(best.value, best.error, best.power, met)

    def supporting(self, value: float, best: Estimate) -> Estimate:
        """Return an estimate by a smaller step that agrees with ``value``, if there is one that tells; else ``best``.

        Beyond the range in which a function is smooth it may be a straight line again, of another slope.
        """
        for power in range(best.power - 1, LOWEST, -1):
            found = self.estimate(power)
            size = max(abs(value), abs(found.value))
            if not found.corner and self.quotient(power).rounding > TELLS * size:
                break
            if abs(value - found.value) <= found.error <= TELLS * size:
                return found
        return best


class Lines:
    """The lines through a point along which a function is differentiated."""

    def __init__(
        self, at: Callable[[Vector], tuple[Any, NDArray[np.bool_]]], theta: NDArray[Any], deviation: float
    ) -> None:
        """Prepare them.

        Args:
            at: the function, a number or a vector, and the side of each corner on which it was computed.
            theta: the point.
            deviation: of the function's noise.
        """
        self._at, self._theta, self._deviation = at, theta, deviation
        self._middle = Moved(0.0, *at(theta))

    def coordinate(self, i: int, h: float | None = None) -> Differences:
        """Return the differences along parameter ``i``; the step ``h`` is relative to a parameter beyond 1."""
        theta = self._theta

        def along(by: float) -> Moved:
            moved = theta.copy()
            moved[i] += by
            return Moved(float(moved[i] - theta[i]), *self._at(moved))

        return Differences(along, self._middle, self._deviation, max(1.0, abs(float(theta[i]))), h)

    def direction(self, v: Vector) -> Differences:
        """Return the differences along a vector of length 1, over the first parameters."""
        theta = self._theta

        def along(by: float) -> Moved:
            moved = theta.copy()
            moved[: v.size] += by * v
            return Moved(by, *self._at(moved))

        scale = max(1.0, float(np.sqrt(np.square(theta[: v.size]).mean())))
        return Differences(along, self._middle, self._deviation, scale)


def _norm(values: Any) -> float:
    return abs(values) if isinstance(values, float) else float(np.linalg.norm(values))
