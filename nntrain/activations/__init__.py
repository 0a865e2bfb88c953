"""Activations: what makes a stack of linear layers more than one linear layer.

Each is a pair of loops over all units of all rows at once, since an activation looks at one number only:
``forward`` makes the activations h from the pre-activations z, and ``backward`` turns d = dL/dh into dL/dz = f'(z)·d,
in place. Both z and h are at hand, so that a derivative can be taken from whichever is cheaper: for sigmoid, tanh
and ELU that is the output h, as the lectures derive it.
"""

from typing import Any, ClassVar

from numba import types

from nntrain.kernels import Entry, by_address
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
    corners: ClassVar[tuple[float, ...]] = ()  # the z at which the derivative jumps
    can_die: ClassVar[bool] = False  # exactly zero, with zero slope, over a range of z

    @property
    def parameter(self) -> float:
        """The one number that shapes the function, where it has one."""
        return 0.0
