"""No activation."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.kernels import CompiledFunction, compiled


@compiled(FORWARD)
def identity_forward(z, h, shape):
    """h = z."""
    for i in range(z.size):
        h[i] = z[i]


@compiled(BACKWARD)
def identity_backward(z, h, shape, d):
    """dz = dh."""


class Identity(Activation):
    """No activation: a linear layer.

    Formula:
        h  = z
        dz = dh

    Source: Korea University, Hong, Straka (linear output for regression).
    """

    name: Literal["identity"] = "identity"
    forward: ClassVar[CompiledFunction] = identity_forward
    backward: ClassVar[CompiledFunction] = identity_backward

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros_like(z)
