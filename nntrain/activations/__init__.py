"""Activations: without them, a stack of linear layers would be equivalent to a single one.

Each is a pair of loops over all units of all rows: ``forward`` computes the activations h from the pre-activations z,
and ``backward`` turns d = dL/dh into dL/dz in place, which is f'(z)·d for a function f of one number. It can use z or
h, whichever is cheaper: for sigmoid, tanh and ELU that is the output h, as in the lectures.
"""

from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, by_address
from nntrain.jit.lazy import types
from nntrain.registry import Component


class Shape(NamedTuple):
    """Further arguments of the loops; most need none of them."""

    coefficient: float  # of the function, if it has one
    units: int  # per row


def SHAPE() -> Any:  # noqa: N802 - a type
    """Return the compiled type of :class:`Shape`."""
    return types.NamedTuple([types.float64, types.int64], Shape)


def FORWARD(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(z, h, shape): fill h with f(z)."""
    return types.void(F[::1], F[::1], SHAPE())


def BACKWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, shape, d): turn d from dL/dh into dL/dz."""
    return types.void(F[::1], F[::1], SHAPE(), F[::1])


def SLOPES_FORWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, slopes): like FORWARD, for a function with trainable slopes."""
    return types.void(F[::1], F[::1], F[::1])


def SLOPES_BACKWARD(F: Any) -> Any:  # noqa: N802
    """(z, h, slopes, d, dslopes): like BACKWARD, and fill dslopes."""
    return types.void(F[::1], F[::1], F[::1], F[::1], F[::1])


call_forward = by_address(FORWARD)
call_backward = by_address(BACKWARD)
call_slopes_forward = by_address(SLOPES_FORWARD)
call_slopes_backward = by_address(SLOPES_BACKWARD)


class Activation(Component, family="activation"):
    """An activation function f, usually of one number, and its derivative."""

    forward: ClassVar[CompiledFunction]
    backward: ClassVar[CompiledFunction]
    # the identity or close to it for z > 0: He initialization suits these, Glorot's the others
    rectifier: ClassVar[bool] = False
    kinks: ClassVar[tuple[float, ...]] = ()  # the z at which the derivative jumps
    can_die: ClassVar[bool] = False  # exactly zero, with zero slope, on an interval of z
    # computed as a difference of larger numbers, whose rounding errors remain where h is small (cancellation)
    cancels: ClassVar[bool] = False
    distribution: ClassVar[bool] = False  # a row's activations are probabilities: positive, with sum 1

    @property
    def coefficient(self) -> float:
        """The coefficient of the function, if it has one; trainable slopes start from it."""
        return 0.0

    def second_derivative(self, z: NDArray[Any], h: NDArray[Any]) -> NDArray[Any] | None:
        """Return f''(z), 0 at kinks, where h = f(z); None if f is not a function of one number without parameters."""
        return None

    def n_slopes(self, units: int) -> int:
        """Return the number of trainable slopes of a layer; if there are any, the loops are SLOPES_ ones."""
        return 0
