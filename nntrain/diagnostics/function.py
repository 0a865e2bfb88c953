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

    theta: NDArray[Any]  # the point

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the value and the side of each kink on which it was computed."""


class Loss:
    """The loss over all rows of an engine whose plan is :func:`~nntrain.diagnostics.layers.bare`."""

    def __init__(self, engine: Engine, theta: NDArray[Any]) -> None:
        self.engine, self.theta = engine, theta.astype(engine.dtype)

    def at(self, theta: NDArray[Any]) -> tuple[float, Sides]:
        """Return the loss, NaN where it is not finite, and the sides."""
        self.engine.theta[:] = theta
        loss, _ = self.engine.loss_and_gradient()
        return (loss if np.isfinite(loss) else np.nan), self._side()

    def gradient_at(self, theta: NDArray[Any]) -> tuple[Vector, Sides]:
        """Return the gradient (P), and the sides."""
        _, side = self.at(theta)
        return self.engine.grad.astype(np.float64), side

    def gradient(self) -> Vector:
        """Return the gradient at the point."""
        return self.gradient_at(self.theta)[0]

    def _side(self) -> Sides:
        network, workspace, rows = self.engine.plan.network, self.engine.workspace, len(self.engine.train.x)
        sides = [
            z.ravel() > kink
            for layer, z in zip(network.layers, network.by_layer(workspace.z, rows), strict=True)
            for kink in layer.activation.kinks
        ]
        if self.engine.plan.loss.has_kinks:
            last = network.by_layer(workspace.d, rows)[-1].ravel()
            sides += [last > 0, last < 0]
        return np.concatenate(sides) if sides else np.zeros(0, np.bool_)


class Penalty:
    """The penalty of a plan's weights."""

    def __init__(self, plan: Plan, theta: Vector) -> None:
        self.theta = theta
        self._l1, self._l2 = float(plan.penalty[L1]), float(plan.penalty[L2])
        self._mask = plan.network.penalized(plan.regularization.biases)

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the penalty, and the sign of each weight."""
        w = self._mask * theta[: self._mask.size]
        value = float(self._l1 * np.abs(w).sum() + self._l2 / 2 * (w * w).sum())
        return value, w > 0 if self._l1 else np.zeros(0, np.bool_)
