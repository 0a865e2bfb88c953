"""The loss of a plan's network as a function of its parameters, for differences."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.training.engine import Engine

Vector = NDArray[np.float64]
Sides = NDArray[np.bool_]


class Function(Protocol):
    """A loss or penalty as a function of the parameters."""

    theta: Vector  # where it is looked at

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the value, and the side of each corner on which it was computed."""


class Loss:
    """The loss over all rows of an engine, whose plan takes steps of the loss alone."""

    def __init__(self, engine: Engine, theta: NDArray[np.floating]) -> None:
        self.engine, self.theta = engine, theta.astype(engine.dtype)
        self._rows = np.arange(len(engine.train.x))
        layers = engine.plan.network.layers
        self._corners = [layer.activation.corners for layer in layers]
        self._widths = [layer.n_out for layer in layers]

    def at(self, theta: Vector) -> tuple[float, Sides]:
        """Return the loss, NaN where it is not finite, and the sides."""
        self.engine.theta[:] = theta
        losses = self.engine.take(self._rows, 0, np.zeros(1))  # a step of rate 0, taken if it is finite
        return (float(losses[0]) if losses.size else np.nan), self._side()

    def gradient_at(self, theta: Vector) -> tuple[Vector, Sides]:
        """Return the gradient (P), and the sides."""
        _, side = self.at(theta)
        return self.engine.grad.astype(np.float64), side

    def _side(self) -> Sides:
        sides, start, rows = [], 0, self._rows.size
        for corners, width in zip(self._corners, self._widths, strict=True):
            stop = start + rows * width
            sides += [self.engine.buffers.z[start:stop] > corner for corner in corners]
            start = stop
        if self.engine.plan.loss.has_corners:
            last = self.engine.buffers.d[start - rows * self._widths[-1] : start]
            sides += [last > 0, last < 0]
        return np.concatenate(sides) if sides else np.zeros(0, np.bool_)
