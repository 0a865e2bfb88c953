"""Activations that squash to an interval and saturate at its ends."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.fastmath import exp, tanh
from nntrain.jit.kernels import CompiledFunction, compiled


@compiled(FORWARD)
def sigmoid_forward(z, h, shape):
    """h = 1 / (1 + exp(-z)); for very negative z exp overflows to infinity, and 1 / infinity is correctly 0."""
    one = z.dtype.type(1)
    for i in range(z.size):
        h[i] = one / (one + exp(-z[i]))


@compiled(BACKWARD)
def sigmoid_backward(z, h, shape, d):
    """dz = h (1 - h) dh."""
    one = z.dtype.type(1)
    for i in range(z.size):
        d[i] *= h[i] * (one - h[i])


class Sigmoid(Activation):
    """Logistic sigmoid: squashes to (0, 1); saturates at both ends, and is not centered on zero.

    Formula:
        h  = 1 / (1 + exp(-z))
        dz = h (1 - h) dh

    Source: Hong, Straka.
    """

    name: Literal["sigmoid"] = "sigmoid"
    forward: ClassVar[CompiledFunction] = sigmoid_forward
    backward: ClassVar[CompiledFunction] = sigmoid_backward

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return h (1 - h) (1 - 2 h)."""
        return np.asarray(h * (1 - h) * (1 - 2 * h))


@compiled(FORWARD)
def tanh_forward(z, h, shape):
    """h = tanh(z)."""
    for i in range(z.size):
        h[i] = tanh(z[i])


@compiled(BACKWARD)
def tanh_backward(z, h, shape, d):
    """dz = (1 - h²) dh."""
    one = z.dtype.type(1)
    for i in range(z.size):
        d[i] *= one - h[i] * h[i]


class Tanh(Activation):
    """Hyperbolic tangent: squashes to (-1, 1), centered on zero; saturates at both ends.

    Formula:
        h  = tanh(z)
        dz = (1 - h²) dh

    Source: Hong, Straka.
    """

    name: Literal["tanh"] = "tanh"
    forward: ClassVar[CompiledFunction] = tanh_forward
    backward: ClassVar[CompiledFunction] = tanh_backward

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return -2 h (1 - h²)."""
        return np.asarray(-2 * h * (1 - h * h))


@compiled(FORWARD)
def hard_tanh_forward(z, h, shape):
    """h = -1, z or 1, and NaN stays NaN."""
    one = z.dtype.type(1)
    for i in range(z.size):
        h[i] = one if z[i] > one else -one if z[i] < -one else z[i]


@compiled(BACKWARD)
def hard_tanh_backward(z, h, shape, d):
    """dz = dh within (-1, 1), else 0."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(z.size):
        d[i] = d[i] if abs(z[i]) < one else zero


class HardTanh(Activation):
    """Hard tanh: linear within (-1, 1), and exactly flat where it saturates; cheap.

    Formula:
        h  = max(-1, min(1, z))
        dz = dh  if -1 < z < 1, else 0

    Source: torch.nn.Hardtanh.
    """

    name: Literal["hard_tanh"] = "hard_tanh"
    forward: ClassVar[CompiledFunction] = hard_tanh_forward
    backward: ClassVar[CompiledFunction] = hard_tanh_backward
    kinks: ClassVar[tuple[float, ...]] = (-1.0, 1.0)

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros_like(z)
