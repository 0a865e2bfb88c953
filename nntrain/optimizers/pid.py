"""PID: a controller that adds the integral and the derivative of the gradient."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Momentum, Optimizer, Range, Rate, rule
from nntrain.registry import Amount


@rule
def pid(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Add a velocity and a smoothed difference of gradients to the gradient."""
    real = theta.dtype.type
    momentum, dampening, integral, derivative = hyper
    mu, new, changed = real(momentum), real(1 if k == 1 else 1 - dampening), real(0 if k == 1 else 1 - momentum)
    of_sum, of_change, lr = real(integral), real(derivative), real(rate)
    if momentum == 0:
        of_sum, of_change = real(0), real(0)
    v, d, last = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        v[i] = mu * v[i] + new * g
        d[i] = mu * d[i] + changed * (g - last[i])
        if k > 1:
            last[i] = g
        theta[i] -= lr * (g + of_sum * v[i] + of_change * d[i])


class PID(Optimizer):
    """Proportional, integral and derivative control: the derivative reduces the overshoot of momentum.

    Formula:
        v     <- momentum v + (1 - dampening) g              v = g at the first step
        d     <- momentum d + (1 - momentum) (g - g_last)    d = 0 at the first step
        theta <- theta - lr (g + integral v + derivative d)

    As in the authors' code and torch_optimizer, g_last is 0 at the second step, and without momentum this is SGD.
    torch_optimizer's default momentum is 0.

    Source: An et al., CVPR 2018; torch_optimizer.PID.
    """

    name: Literal["pid"] = "pid"
    lr: Rate = 0.001
    momentum: Momentum = 0.9
    dampening: Annotated[
        float, Field(ge=0, lt=1, description="fraction of the gradient left out after the first step")
    ] = 0.0
    integral: Annotated[Amount, Field(description="factor of the velocity")] = 5.0
    derivative: Annotated[Amount, Field(description="factor of the smoothed difference of gradients")] = 10.0
    update: ClassVar[CompiledFunction] = pid
    lr_range: ClassVar[Range] = Range(1e-5, 0.1)
    state_rows: ClassVar[int] = 3
