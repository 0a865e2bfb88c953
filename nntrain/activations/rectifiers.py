"""Rectifiers: linear for z > 0, and small or zero below."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.fastmath import expm1
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.registry import Amount, Positive


@compiled(FORWARD)
def relu_forward(z, h, shape):
    """h = max(z, 0), and NaN stays NaN."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        h[i] = zero if z[i] <= zero else z[i]


@compiled(BACKWARD)
def relu_backward(z, h, shape, d):
    """dz = dh where z > 0, else 0."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else zero


class ReLU(Activation):
    """Rectified linear unit: does not saturate for z > 0; a unit whose z is never positive is dead.

    Formula:
        h  = z   if z > 0, else 0
        dz = dh  if z > 0, else 0

    Source: Hong, Straka. Straka's slide gives both 0 and 1 for the derivative at z = 0; here it is 0, as in torch,
    keras and scikit-learn.
    """

    name: Literal["relu"] = "relu"
    forward: ClassVar[CompiledFunction] = relu_forward
    backward: ClassVar[CompiledFunction] = relu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)
    rectifier: ClassVar[bool] = True
    can_die: ClassVar[bool] = True

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros_like(z)


@compiled(FORWARD)
def leaky_relu_forward(z, h, shape):
    """h = z where z > 0, else slope·z."""
    zero, slope = z.dtype.type(0), z.dtype.type(shape.coefficient)
    for i in range(z.size):
        h[i] = z[i] if z[i] > zero else slope * z[i]


@compiled(BACKWARD)
def leaky_relu_backward(z, h, shape, d):
    """dz = dh where z > 0, else slope·dh."""
    zero, slope = z.dtype.type(0), z.dtype.type(shape.coefficient)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else slope * d[i]


class LeakyReLU(Activation):
    """Leaky ReLU: a small slope for z < 0 keeps every unit alive.

    Formula:
        h  = z   if z > 0, else slope·z
        dz = dh  if z > 0, else slope·dh

    Source: Hong (slope 0.01); Maas et al. 2013. torch's slope is 0.01 too, keras' 0.3.
    """

    name: Literal["leaky_relu"] = "leaky_relu"
    slope: Annotated[Amount, Field(description="slope for z < 0")] = 0.01
    forward: ClassVar[CompiledFunction] = leaky_relu_forward
    backward: ClassVar[CompiledFunction] = leaky_relu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)
    rectifier: ClassVar[bool] = True

    @property
    def coefficient(self) -> float:
        """The slope for z < 0."""
        return self.slope

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros_like(z)


@compiled(FORWARD)
def elu_forward(z, h, shape):
    """h = z where z > 0, else alpha (exp(z) - 1)."""
    zero, a = z.dtype.type(0), z.dtype.type(shape.coefficient)
    for i in range(z.size):
        h[i] = z[i] if z[i] > zero else a * expm1(z[i])


@compiled(BACKWARD)
def elu_backward(z, h, shape, d):
    """dz = dh where z > 0, else (h + alpha) dh, which is alpha·exp(z)·dh."""
    zero, a = z.dtype.type(0), z.dtype.type(shape.coefficient)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else (h[i] + a) * d[i]


class ELU(Activation):
    """Exponential linear unit: like ReLU for z > 0, and smooth towards -alpha below, nearly centered on zero.

    Formula:
        h  = z   if z > 0, else alpha (exp(z) - 1)
        dz = dh  if z > 0, else (h + alpha) dh

    Source: Hong; Clevert et al., arXiv 1511.07289. alpha is 1 in torch and keras too.
    """

    name: Literal["elu"] = "elu"
    alpha: Annotated[Positive, Field(description="h approaches -alpha for very negative z")] = 1.0
    forward: ClassVar[CompiledFunction] = elu_forward
    backward: ClassVar[CompiledFunction] = elu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)  # unless alpha is 1
    rectifier: ClassVar[bool] = True

    @property
    def coefficient(self) -> float:
        """The depth of the negative part, alpha."""
        return self.alpha

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return h + alpha for z < 0, else 0."""
        return np.where(z < 0, h + z.dtype.type(self.alpha), 0)


ALPHA, SCALE = 1.6732632423543772848, 1.0507009873554804934  # so that mean 0 and variance 1 are a fixed point


@compiled(FORWARD)
def selu_forward(z, h, shape):
    """h = scale z where z > 0, else scale alpha (exp(z) - 1)."""
    real = z.dtype.type
    zero, scale, low = real(0), real(SCALE), real(SCALE * ALPHA)
    for i in range(z.size):
        h[i] = scale * z[i] if z[i] > zero else low * expm1(z[i])


@compiled(BACKWARD)
def selu_backward(z, h, shape, d):
    """dz = scale dh where z > 0, else (h + scale alpha) dh."""
    real = z.dtype.type
    zero, scale, low = real(0), real(SCALE), real(SCALE * ALPHA)
    for i in range(z.size):
        d[i] = scale * d[i] if z[i] > zero else (h[i] + low) * d[i]


class SELU(Activation):
    """Scaled ELU: keeps mean 0 and variance 1 from layer to layer, with lecun_normal weights.

    Formula:
        h  = scale z   if z > 0, else scale alpha (exp(z) - 1)
        dz = scale dh  if z > 0, else (h + scale alpha) dh;  alpha = 1.67326..., scale = 1.05070...

    Source: Klambauer et al., arXiv 1706.02515.
    """

    name: Literal["selu"] = "selu"
    forward: ClassVar[CompiledFunction] = selu_forward
    backward: ClassVar[CompiledFunction] = selu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return h + scale alpha for z < 0, else 0."""
        return np.where(z < 0, h + z.dtype.type(SCALE * ALPHA), 0)
