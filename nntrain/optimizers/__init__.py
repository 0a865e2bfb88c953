"""Optimizers: how a gradient becomes a step.

All parameters lie in one vector theta, the gradient in another; an optimizer is one loop over them, written as its
paper writes it, and as many state vectors of the same length as it needs. A new file in this folder is a new
optimizer.
"""

from typing import Annotated, Any, ClassVar

from numba import types
from pydantic import Field

from nntrain.kernels import Entry, by_address
from nntrain.registry import Component


def RULE(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(theta (P), grad (P), state (S, P), hyper, rate, k): step theta; k counts the steps from 1."""
    return types.void(F[::1], F[::1], F[:, ::1], types.float64[::1], types.float64, types.int64)


call_rule = by_address(RULE)

Rate = Annotated[float, Field(gt=0, description="learning rate")]
Momentum = Annotated[float, Field(ge=0, lt=1, description="share of the velocity that is kept")]


class Optimizer(Component, family="optimizer"):
    """An update rule, its hyper-parameters, and the number of state vectors that it keeps."""

    lr: Rate
    update: ClassVar[Entry]
    state_rows: ClassVar[int]

    def hyper(self) -> tuple[float, ...]:
        """Return the hyper-parameters in the order in which the rule unpacks them, the learning rate left out."""
        return ()
