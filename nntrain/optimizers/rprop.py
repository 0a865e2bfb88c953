"""Rprop: only the sign of the gradient counts."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Rate, rule
from nntrain.registry import MAX_REAL, Amount, Positive


@rule
def rprop(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Lengthen the step while the sign stays, shorten it and wait when it turns."""
    real = theta.dtype.type
    shorter, longer, least, most = real(hyper[0]), real(hyper[1]), real(hyper[2]), real(hyper[3])
    zero = real(0)
    before, step = state[0], state[1]
    if k == 1:
        for i in range(start, stop):
            step[i] = real(rate)
    for i in range(start, stop):
        g = grad[i]
        agreement = g * before[i]
        if agreement > zero:
            step[i] = min(step[i] * longer, most)
        elif agreement < zero:
            step[i] = max(step[i] * shorter, least)
            g = zero
        before[i] = zero  # the sign alone is kept: the product of two small gradients would be 0
        if g > zero:
            theta[i] -= step[i]
            before[i] = real(1)
        elif g < zero:
            theta[i] += step[i]
            before[i] = real(-1)


class Rprop(Optimizer):
    """Resilient backpropagation, for full batches: the sign of a mini-batch's gradient is mostly noise.

    Formula:
        step  <- step eta_plus   if g has kept its sign  (at most step_max)
        step  <- step eta_minus  if it has turned, and g <- 0  (at least step_min)
        theta <- theta - step sign(g);  step = lr at first, and later rates count for nothing

    Source: Riedmiller and Braun 1993; torch.optim.Rprop.
    """

    name: Literal["rprop"] = "rprop"
    lr: Rate = 0.01
    eta_minus: Annotated[float, Field(gt=0, lt=1, description="factor when the sign turns")] = 0.5
    eta_plus: Annotated[float, Field(gt=1, le=MAX_REAL, description="factor while the sign stays")] = 1.2
    step_min: Annotated[Amount, Field(description="shortest step")] = 1e-6
    step_max: Annotated[Positive, Field(description="longest step")] = 50.0
    update: ClassVar[CompiledFunction] = rprop
    state_rows: ClassVar[int] = 2

    def hyper(self) -> tuple[float, ...]:
        """Return (eta_minus, eta_plus, step_min, step_max)."""
        return (self.eta_minus, self.eta_plus, self.step_min, self.step_max)
