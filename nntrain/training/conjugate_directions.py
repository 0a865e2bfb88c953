"""The iterations of nonlinear conjugate gradients."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.optimizers.conjugate_gradients import ConjugateGradients
from nntrain.training.line_search import LineSearch, Trial

Vector = NDArray[np.float64]
FIRST_GUESS = 1.01  # times the step of a parabola that falls as the last iteration did


@dataclass(frozen=True)
class Iteration:
    """An iteration.

    Attributes:
        number: counted from 1.
        beta: fraction of the previous direction in this one; 0: straight downhill.
        loss: before it, with penalties.
        slope: derivative of the loss along the direction.
        trials: of the line search.
        accepted: the last trial, which meets both conditions.
        theta: the parameters after it (P).
    """

    number: int
    beta: float
    loss: float
    slope: float
    trials: tuple[Trial, ...]
    accepted: Trial
    theta: Vector


def iterate(
    objective: Callable[[Vector], tuple[float, Vector]], start: Vector, optimizer: ConjugateGradients
) -> Iterator[Iteration]:
    """Yield each iteration until the gradient is small, or no step along it meets the conditions.

    Args:
        objective: returns the loss and its gradient (P).
        start: the first parameters (P).
        optimizer: the settings.
    """
    theta, (loss, gradient) = start, objective(start)
    direction, beta, last, number = -gradient, 0.0, loss + float(np.linalg.norm(gradient)) / 2, 0
    while np.isfinite(loss) and np.abs(gradient).max(initial=0) > optimizer.tolerance:
        slope = float(direction @ gradient)
        line = _Line(objective, theta, direction)
        search = LineSearch(line, loss, slope, optimizer.c1, optimizer.c2)
        accepted = search.find(_first_step(last - loss, slope))
        if accepted is None:
            if beta == 0:
                return
            direction, beta = -gradient, 0.0
            continue
        number += 1
        new = line.gradient
        yield Iteration(number, beta, loss, slope, tuple(search.trials), accepted, line.theta)
        beta = _beta(optimizer.formula, new, gradient)
        direction = beta * direction - new
        if direction @ new >= 0:
            direction, beta = -new, 0.0
        theta, last, loss, gradient = line.theta, loss, accepted.loss, new


class _Line:
    """The objective along a direction; keeps the point and the gradient of the last evaluation."""

    def __init__(self, objective: Callable[[Vector], tuple[float, Vector]], theta: Vector, direction: Vector) -> None:
        self._objective, self._start, self._direction = objective, theta, direction
        self.theta, self.gradient = theta, np.zeros_like(theta)

    def __call__(self, step: float) -> tuple[float, float]:
        self.theta = self._start + step * self._direction
        loss, self.gradient = self._objective(self.theta)
        return loss, float(self.gradient @ self._direction)


def _first_step(decrease: float, slope: float) -> float:
    """Return the step that would give the decrease of the last iteration along a parabola; at most 1."""
    guess = 2 * FIRST_GUESS * decrease / -slope
    return min(1.0, guess) if guess > 0 else 1.0


def _beta(formula: str, new: Vector, old: Vector) -> float:
    if formula == "fletcher-reeves":
        return float(new @ new / (old @ old))
    return max(0.0, float(new @ (new - old) / (old @ old)))
