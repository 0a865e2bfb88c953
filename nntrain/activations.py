"""Activations: what makes a stack of linear layers more than one linear layer.

Each is a pair of loops over all units of all rows at once, since an activation looks at one number only:
``forward`` makes the activations h from the pre-activations z, and ``backward`` turns d = dL/dh into dL/dz = f'(z)·d,
in place. Both z and h are at hand, so that a derivative can be taken from whichever is cheaper: for sigmoid, tanh
and ELU that is the output h, as the lectures derive it.
"""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numba import types
from pydantic import Field

from nntrain.kernels import Entry, by_address, entry
from nntrain.registry import Component


def FORWARD(F: Any) -> Any:  # noqa: N802 - signatures are constants of a float type
    """(z, h, parameter): fill h with f(z)."""
    return types.void(F[::1], F[::1], types.float64)


def BACKWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, parameter, d): turn d from dL/dh into dL/dz."""
    return types.void(F[::1], F[::1], types.float64, F[::1])


call_forward = by_address(FORWARD)
call_backward = by_address(BACKWARD)


class Activation(Component, family="activation"):
    """An activation function f of one number and its derivative."""

    forward: ClassVar[Entry]
    backward: ClassVar[Entry]
    rectifier: ClassVar[bool] = False  # passes z > 0 on: He's initialisation suits it, else Glorot's
    can_die: ClassVar[bool] = False  # exactly zero, with zero slope, over a range of z

    @property
    def parameter(self) -> float:
        """The one number that shapes the function, where it has one."""
        return 0.0


@entry(FORWARD)
def identity_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = z."""
    for i in range(z.size):
        h[i] = z[i]


@entry(BACKWARD)
def identity_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = dh."""


class Identity(Activation):
    """No activation: a linear layer.

    Formula:
        h  = z
        dz = dh

    Source: K, H, N (linear output for regression).
    """

    name: Literal["identity"] = "identity"
    forward: ClassVar[Entry] = identity_forward
    backward: ClassVar[Entry] = identity_backward


@entry(FORWARD)
def sigmoid_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = 1 / (1 + exp(-z)); exp overflows to infinity for very negative z, and 1/infinity is the right 0."""
    one = z.dtype.type(1)
    for i in range(z.size):
        h[i] = one / (one + np.exp(-z[i]))


@entry(BACKWARD)
def sigmoid_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = h (1 - h) dh."""
    one = z.dtype.type(1)
    for i in range(z.size):
        d[i] *= h[i] * (one - h[i])


class Sigmoid(Activation):
    """Logistic sigmoid: squashes to (0, 1); saturates at both ends, and is not centred on zero.

    Formula:
        h  = 1 / (1 + exp(-z))
        dz = h (1 - h) dh

    Source: H, N.
    """

    name: Literal["sigmoid"] = "sigmoid"
    forward: ClassVar[Entry] = sigmoid_forward
    backward: ClassVar[Entry] = sigmoid_backward


@entry(FORWARD)
def tanh_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = tanh(z)."""
    for i in range(z.size):
        h[i] = np.tanh(z[i])


@entry(BACKWARD)
def tanh_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = (1 - h²) dh."""
    one = z.dtype.type(1)
    for i in range(z.size):
        d[i] *= one - h[i] * h[i]


class Tanh(Activation):
    """Hyperbolic tangent: squashes to (-1, 1), centred on zero; saturates at both ends.

    Formula:
        h  = tanh(z)
        dz = (1 - h²) dh

    Source: H, N.
    """

    name: Literal["tanh"] = "tanh"
    forward: ClassVar[Entry] = tanh_forward
    backward: ClassVar[Entry] = tanh_backward


@entry(FORWARD)
def relu_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = max(z, 0), and NaN stays NaN."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        h[i] = zero if z[i] <= zero else z[i]


@entry(BACKWARD)
def relu_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = dh where z > 0, else 0."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else zero


class ReLU(Activation):
    """Rectified linear unit: does not saturate for z > 0; a unit whose z is never positive is dead.

    Formula:
        h  = z   if z > 0, else 0
        dz = dh  if z > 0, else 0

    Source: H, N. N's slide gives 0 and 1 for the derivative at z = 0; as in torch, keras and scikit-learn it is 0.
    """

    name: Literal["relu"] = "relu"
    forward: ClassVar[Entry] = relu_forward
    backward: ClassVar[Entry] = relu_backward
    rectifier: ClassVar[bool] = True
    can_die: ClassVar[bool] = True


@entry(FORWARD)
def leaky_relu_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = z where z > 0, else slope·z."""
    zero, slope = z.dtype.type(0), z.dtype.type(parameter)
    for i in range(z.size):
        h[i] = z[i] if z[i] > zero else slope * z[i]


@entry(BACKWARD)
def leaky_relu_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = dh where z > 0, else slope·dh."""
    zero, slope = z.dtype.type(0), z.dtype.type(parameter)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else slope * d[i]


class LeakyReLU(Activation):
    """Leaky ReLU: a small slope for z < 0 keeps every unit alive.

    Formula:
        h  = z   if z > 0, else slope·z
        dz = dh  if z > 0, else slope·dh

    Source: H, N (slope 0.01); Maas et al. 2013. torch has slope 0.01 too, keras 0.3.
    """

    name: Literal["leaky_relu"] = "leaky_relu"
    slope: Annotated[float, Field(ge=0, description="slope for z < 0")] = 0.01
    forward: ClassVar[Entry] = leaky_relu_forward
    backward: ClassVar[Entry] = leaky_relu_backward
    rectifier: ClassVar[bool] = True

    @property
    def parameter(self) -> float:
        """The slope for z < 0."""
        return self.slope


@entry(FORWARD)
def elu_forward(z, h, parameter):  # type: ignore[no-untyped-def]
    """h = z where z > 0, else alpha (exp(z) - 1)."""
    zero, a = z.dtype.type(0), z.dtype.type(parameter)
    for i in range(z.size):
        h[i] = z[i] if z[i] > zero else a * np.expm1(z[i])


@entry(BACKWARD)
def elu_backward(z, h, parameter, d):  # type: ignore[no-untyped-def]
    """dz = dh where z > 0, else (h + alpha) dh, which is alpha·exp(z)·dh."""
    zero, a = z.dtype.type(0), z.dtype.type(parameter)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else (h[i] + a) * d[i]


class ELU(Activation):
    """Exponential linear unit: as ReLU for z > 0, and smooth towards -alpha below: nearly centred on zero.

    Formula:
        h  = z   if z > 0, else alpha (exp(z) - 1)
        dz = dh  if z > 0, else (h + alpha) dh

    Source: H, N; Clevert et al., arXiv 1511.07289. alpha is 1 in torch and keras too.
    """

    name: Literal["elu"] = "elu"
    alpha: Annotated[float, Field(gt=0, description="h approaches -alpha for very negative z")] = 1.0
    forward: ClassVar[Entry] = elu_forward
    backward: ClassVar[Entry] = elu_backward
    rectifier: ClassVar[bool] = True

    @property
    def parameter(self) -> float:
        """The depth of the negative part."""
        return self.alpha
