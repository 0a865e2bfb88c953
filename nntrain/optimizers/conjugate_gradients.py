"""Nonlinear conjugate gradients: each direction is bent by the previous one."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, no_step
from nntrain.registry import Amount


class ConjugateGradients(Optimizer):
    """Nonlinear conjugate gradients on full batches, with a line search. An epoch is one iteration.

    Formula:
        beta   = max(0, g · (g - g_prev) / g_prev · g_prev)    polak-ribiere (PR+)
        beta   = g · g / g_prev · g_prev                       fletcher-reeves
        d     <- -g + beta d;  -g at first, and where that does not lead downhill
        theta <- theta + a d,  a by a line search that meets the strong Wolfe conditions:
                 L(a) <= L(0) + c1 a L'(0)  and  |L'(a)| <= c2 |L'(0)|

    Steps are counted in evaluations of the loss and its gradient. An iteration takes one or more, which
    `nntrain trace --step` lists.

    Source: Nocedal and Wright, "Numerical Optimization", 2006 (algorithms 5.4, 3.5 and 3.6); Fletcher and Reeves 1964;
    Polak and Ribiere 1969; scipy.optimize.minimize(method="CG").
    """

    name: Literal["cg"] = "cg"
    lr: Annotated[float, Field(ge=1, le=1, description="always 1: the line search finds the step")] = 1.0
    formula: Annotated[
        Literal["polak-ribiere", "fletcher-reeves"], Field(description="how much of the previous direction is kept")
    ] = "polak-ribiere"
    c1: Annotated[
        float, Field(gt=0, lt=1, description="smallest decrease of the loss, as a fraction of step times slope")
    ] = 1e-4
    c2: Annotated[
        float, Field(gt=0, lt=1, description="largest slope after a step, as a fraction of the slope before")
    ] = 0.4
    tolerance: Annotated[Amount, Field(description="stop when no element of the gradient is larger")] = 1e-5
    update: ClassVar[CompiledFunction] = no_step
    state_rows: ClassVar[int] = 0
    full_batch: ClassVar[bool] = True

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.c1 >= self.c2:
            raise PydanticCustomError("wolfe", "c1 must be smaller than c2, so that a step can meet both conditions")
        return self

    def hyper(self) -> tuple[float, ...]:
        """Return nothing: no rule reads the keys."""
        return ()
