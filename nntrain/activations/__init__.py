"""Activations: what makes a stack of linear layers more than one linear layer.

Each is a pair of loops over all units of all rows at once: ``forward`` makes the activations h from the pre-activations
z, and ``backward`` turns d = dL/dh into dL/dz, in place; for a function f of one number that is f'(z)·d. Both z and h
are at hand, so that a derivative can be taken from whichever is cheaper: for sigmoid, tanh and ELU that is the output
h, as the lectures derive it.
"""

from typing import Any, ClassVar, NamedTuple

from numba import types

from nntrain.jit.kernels import CompiledFunction, by_address
from nntrain.registry import Component


class Shape(NamedTuple):
    """What the loops know beside z, h and d; most need none of it."""

    coefficient: float  # that shapes the function, where it has one
    units: int  # numbers of a row


SHAPE = types.NamedTuple([types.float64, types.int64], Shape)


def FORWARD(F: Any) -> Any:  # noqa: N802 - signatures are constants of a float type
    """(z, h, shape): fill h with f(z)."""
    return types.void(F[::1], F[::1], SHAPE)


def BACKWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, shape, d): turn d from dL/dh into dL/dz."""
    return types.void(F[::1], F[::1], SHAPE, F[::1])


def SLOPES_FORWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, slopes): as FORWARD, for a function whose slopes are trainable."""
    return types.void(F[::1], F[::1], F[::1])


def SLOPES_BACKWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, slopes, d, dslopes): as BACKWARD, and fill dslopes."""
    return types.void(F[::1], F[::1], F[::1], F[::1], F[::1])


call_forward = by_address(FORWARD)
call_backward = by_address(BACKWARD)
call_slopes_forward = by_address(SLOPES_FORWARD)
call_slopes_backward = by_address(SLOPES_BACKWARD)


class Activation(Component, family="activation"):
    """An activation function f, of one number unless it says otherwise, and its derivative."""

    forward: ClassVar[CompiledFunction]
    backward: ClassVar[CompiledFunction]
    rectifier: ClassVar[bool] = False  # passes z > 0 on: He's initialisation suits it, else Glorot's
    kinks: ClassVar[tuple[float, ...]] = ()  # the z at which the derivative jumps
    can_die: ClassVar[bool] = False  # exactly zero, with zero slope, over a range of z
    cancels: ClassVar[bool] = False  # a difference of larger numbers, whose rounding stays where it is small
    distribution: ClassVar[bool] = False  # a row's activations are probabilities: positive, with sum 1

    @property
    def coefficient(self) -> float:
        """The number that shapes the function, where it has one; trainable slopes start from it."""
        return 0.0

    def n_slopes(self, units: int) -> int:
        """Return how many trainable slopes a layer has; where there are any, its loops are SLOPES ones."""
        return 0
