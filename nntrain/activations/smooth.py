"""Smooth variants of ReLU."""

from math import erf, pi, sqrt
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled


@compiled(FORWARD)
def softplus_forward(z, h, shape):
    """h = log(1 + exp(z)), from exp(-|z|) so that it cannot overflow."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        h[i] = max(z[i], zero) + np.log1p(exp(-abs(z[i])))


@compiled(BACKWARD)
def softplus_backward(z, h, shape, d):
    """dz = sigmoid(z) dh."""
    one = z.dtype.type(1)
    for i in range(z.size):
        d[i] *= one / (one + exp(-z[i]))


class Softplus(Activation):
    """Softplus: a smooth ReLU, whose derivative is the sigmoid.

    Formula:
        h  = log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))
        dz = sigmoid(z) dh

    Source: torch.nn.Softplus.
    """

    name: Literal["softplus"] = "softplus"
    forward: ClassVar[CompiledFunction] = softplus_forward
    backward: ClassVar[CompiledFunction] = softplus_backward
    rectifier: ClassVar[bool] = True

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return s (1 - s), s = sigmoid(z)."""
        s = 0.5 * (1 + np.tanh(0.5 * z))
        return np.asarray(s * (1 - s))


@compiled(FORWARD)
def silu_forward(z, h, shape):
    """h = z sigmoid(z)."""
    one = z.dtype.type(1)
    for i in range(z.size):
        e = exp(-abs(z[i]))
        h[i] = z[i] * (one / (one + e) if z[i] > 0 else e / (one + e))


@compiled(BACKWARD)
def silu_backward(z, h, shape, d):
    """dz = s (1 + z (1 - s)) dh, s = sigmoid(z)."""
    one = z.dtype.type(1)
    for i in range(z.size):
        s = one / (one + exp(-z[i]))
        d[i] *= s + h[i] * (one - s)


class SiLU(Activation):
    """Sigmoid linear unit, also called swish: dips below zero before it rises.

    Formula:
        h  = z s,  s = sigmoid(z)
        dz = (s + h (1 - s)) dh

    Source: Elfwing et al., arXiv 1702.03118; torch.nn.SiLU.
    """

    name: Literal["silu"] = "silu"
    forward: ClassVar[CompiledFunction] = silu_forward
    backward: ClassVar[CompiledFunction] = silu_backward
    rectifier: ClassVar[bool] = True
    cancels: ClassVar[bool] = True

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return s (1 - s) (2 + z (1 - 2 s)), s = sigmoid(z)."""
        s = 0.5 * (1 + np.tanh(0.5 * z))
        return np.asarray(s * (1 - s) * (2 + z * (1 - 2 * s)))


ROOT_HALF, NORMAL = sqrt(0.5), 1 / sqrt(2 * pi)


@compiled(FORWARD)
def gelu_forward(z, h, shape):
    """h = z P(z), where P is the normal distribution function."""
    real = z.dtype.type
    half, one, root = real(0.5), real(1), real(ROOT_HALF)
    for i in range(z.size):
        h[i] = half * z[i] * (one + erf(z[i] * root))


@compiled(BACKWARD)
def gelu_backward(z, h, shape, d):
    """dz = (P(z) + z p(z)) dh, where P is the normal distribution function and p its density."""
    real = z.dtype.type
    half, one, root, density = real(0.5), real(1), real(ROOT_HALF), real(NORMAL)
    for i in range(z.size):
        d[i] *= half * (one + erf(z[i] * root)) + z[i] * density * exp(-half * z[i] * z[i])


class GELU(Activation):
    """Gaussian error linear unit: z times the probability of a normal number below z.

    Formula:
        h  = z P(z),  P(z) = ½ (1 + erf(z / sqrt(2)))
        dz = (P(z) + z p(z)) dh,  p(z) = exp(-z²/2) / sqrt(2π)

    Source: Hendrycks and Gimpel, arXiv 1606.08415; torch.nn.GELU() (exact, not the tanh approximation).
    """

    name: Literal["gelu"] = "gelu"
    forward: ClassVar[CompiledFunction] = gelu_forward
    backward: ClassVar[CompiledFunction] = gelu_backward
    rectifier: ClassVar[bool] = True
    cancels: ClassVar[bool] = True

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return (2 - z²) p(z)."""
        return np.asarray((2 - z * z) * NORMAL * np.exp(-0.5 * z * z))
