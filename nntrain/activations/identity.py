"""No activation."""

from typing import ClassVar, Literal

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.kernels import Entry, entry


@entry(FORWARD)
def identity_forward(z, h, shape):  # type: ignore[no-untyped-def]
    """h = z."""
    for i in range(z.size):
        h[i] = z[i]


@entry(BACKWARD)
def identity_backward(z, h, shape, d):  # type: ignore[no-untyped-def]
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
