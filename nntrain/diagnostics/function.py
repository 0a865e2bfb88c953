"""The loss and the penalty of a plan's network as functions of its parameters."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.network.regularize import L1, L2
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

Vector = NDArray[np.float64]
Sides = NDArray[np.bool_]


class Function(Protocol):
    """A loss or penalty as a function of the parameters."""

    theta: NDArray[Any]  # where it is looked at

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the value, and the side of each corner on which it was computed."""


class Loss:
    """The loss over all rows of an engine, whose plan takes steps of the loss alone."""

    def __init__(self, engine: Engine, theta: NDArray[Any]) -> None:
        self.engine, self.theta = engine, theta.astype(engine.dtype)
        self._rows = np.arange(len(engine.train.x))
        layers = engine.plan.network.layers
        self._corners = [layer.activation.kinks for layer in layers]
        self._widths = [layer.n_out for layer in layers]

    def at(self, theta: NDArray[Any]) -> tuple[float, Sides]:
        """Return the loss, NaN where it is not finite, and the sides."""
        self.engine.theta[:] = theta
        losses = self.engine.take(self._rows, 0, np.zeros(1))  # a step of rate 0, taken if it is finite
        return (float(losses[0]) if losses.size else np.nan), self._side()

    def gradient_at(self, theta: NDArray[Any]) -> tuple[Vector, Sides]:
        """Return the gradient (P), and the sides."""
        _, side = self.at(theta)
        return self.engine.grad.astype(np.float64), side

    def gradient(self) -> Vector:
        """Return the gradient where the function is looked at."""
        return self.gradient_at(self.theta)[0]

    def _side(self) -> Sides:
        sides, start, rows = [], 0, self._rows.size
        for kinks, width in zip(self._corners, self._widths, strict=True):
            stop = start + rows * width
            sides += [self.engine.workspace.z[start:stop] > corner for corner in kinks]
            start = stop
        if self.engine.plan.loss.has_kinks:
            last = self.engine.workspace.d[start - rows * self._widths[-1] : start]
            sides += [last > 0, last < 0]
        return np.concatenate(sides) if sides else np.zeros(0, np.bool_)


class Penalty:
    """The penalty of a plan's weights."""

    def __init__(self, plan: Plan, theta: Vector) -> None:
        self.theta = theta
        self._l1, self._l2 = float(plan.penalty[L1]), float(plan.penalty[L2])
        self._mask = plan.network.penalised(plan.regularization.biases)

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the penalty, and the sign of each weight."""
        w = self._mask * theta[: self._mask.size]
        value = float(self._l1 * np.abs(w).sum() + self._l2 / 2 * (w * w).sum())
        return value, w > 0 if self._l1 else np.zeros(0, np.bool_)
