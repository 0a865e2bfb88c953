"""Rprop: only the sign of the gradient counts."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Rate, rule
from nntrain.registry import MAX_REAL, Amount, Positive


@rule
def rprop(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Lengthen the step while the sign stays the same; shorten it and skip a step when it changes."""
    real = theta.dtype.type
    eta_minus, eta_plus, step_min, step_max = hyper
    shorter, longer, shortest, longest = real(eta_minus), real(eta_plus), real(step_min), real(step_max)
    zero = real(0)
    sign, step = state[0], state[1]
    if k == 1:
        for i in range(start, stop):
            step[i] = real(rate)
    for i in range(start, stop):
        g = grad[i]
        agreement = g * sign[i]  # the last sign, not the last gradient: the product of two small gradients could be 0
        if agreement > zero:
            step[i] = min(step[i] * longer, longest)
        elif agreement < zero:
            step[i] = max(step[i] * shorter, shortest)
            g = zero
        sign[i] = zero
        if g > zero:
            theta[i] -= step[i]
            sign[i] = real(1)
        elif g < zero:
            theta[i] += step[i]
            sign[i] = real(-1)


class Rprop(Optimizer):
    """Resilient backpropagation, for full batches: the sign of a mini-batch's gradient is mostly noise.

    Formula:
        step  <- step eta_plus            if g has kept its sign  (at most step_max)
        step  <- step eta_minus, g <- 0   if it has changed       (at least step_min)
        theta <- theta - step sign(g);  step = lr at first, and later learning rates have no effect

    Source: Riedmiller and Braun 1993; torch.optim.Rprop.
    """

    name: Literal["rprop"] = "rprop"
    lr: Rate = 0.01
    eta_minus: Annotated[float, Field(gt=0, lt=1, description="factor of the step when the sign changes")] = 0.5
    eta_plus: Annotated[float, Field(gt=1, le=MAX_REAL, description="factor of the step while it stays the same")] = 1.2
    step_min: Annotated[Amount, Field(description="shortest step")] = 1e-6
    step_max: Annotated[Positive, Field(description="longest step")] = 50.0
    update: ClassVar[CompiledFunction] = rprop
    state_rows: ClassVar[int] = 2
