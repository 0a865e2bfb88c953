"""SGDW: momentum with weight decay outside the gradient."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Momentum, Optimizer, Range, Rate, WeightDecay, rule


@rule
def sgdw(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step along the velocity, or with Nesterov along g + momentum v."""
    real = theta.dtype.type
    momentum, dampening, nesterov = hyper
    mu, new, lr = real(momentum), real(1 if k == 1 or momentum == 0 else 1 - dampening), real(rate)
    of_gradient, of_velocity = (real(1), mu) if nesterov != 0 else (real(0), real(1))
    v = state[0]
    for i in range(start, stop):
        g = grad[i]
        v[i] = mu * v[i] + new * g
        theta[i] -= lr * (of_gradient * g + of_velocity * v[i])


class SGDW(Optimizer):
    """SGD with momentum and decoupled weight decay: weights shrink by the same fraction, whatever their gradients.

    Formula:
        theta <- theta (1 - lr weight_decay)    weights only, not biases
        v     <- momentum v + (1 - dampening) g    v = g at the first step
        theta <- theta - lr v,  or theta - lr (g + momentum v) with nesterov

    torch_optimizer subtracts lr weight_decay from every weight, instead of that fraction of the weight; its default
    momentum is 0.

    Source: Loshchilov and Hutter, arXiv 1711.05101; torch_optimizer.SGDW.
    """

    name: Literal["sgdw"] = "sgdw"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    dampening: Annotated[
        float, Field(ge=0, lt=1, description="fraction of the gradient left out after the first step")
    ] = 0.0
    nesterov: Annotated[bool, Field(description="whether to use Nesterov momentum")] = False
    weight_decay: WeightDecay = 0.01
    update: ClassVar[CompiledFunction] = sgdw
    lr_range: ClassVar[Range] = Range(0.0001, 1)
    decoupled: ClassVar[bool] = True
    state_rows: ClassVar[int] = 1
