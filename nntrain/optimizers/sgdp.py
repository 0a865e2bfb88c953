"""SGDP: momentum without the part of the step that only lengthens weights."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, Momentum, Optimizer, Range, Rate, rule
from nntrain.optimizers.adamp import Delta, InnerDecay, WdRatio, project


@rule
def sgdp(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Step along the velocity of each array, projected where a matrix's weights are scale invariant."""
    real = theta.dtype.type
    momentum, dampening, eps, delta, wd_ratio, nesterov, weight_decay = hyper
    mu, new, lr = real(momentum), real(1 - dampening), real(rate)
    of_gradient, of_velocity = (real(1), mu) if nesterov != 0 else (real(0), real(1))
    v, step = state[0], state[1]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        for i in range(start, stop):
            v[i] = mu * v[i] + new * grad[i]
            step[i] = of_gradient * grad[i] + of_velocity * v[i]
        projected = project(theta, grad, step, tensors[t], delta, eps)
        decay = weight_decay * (wd_ratio if projected else 1.0) if rows > 0 else 0.0
        keep = real(1 - rate * decay / (1 - momentum))
        for i in range(start, stop):
            theta[i] = keep * theta[i] - lr * step[i]


class SGDP(Optimizer):
    """SGD with momentum and projected steps: weights before a norm are scale invariant, and growing slows them down.

    Formula:
        v <- momentum v + (1 - dampening) g
        d  = v,  or g + momentum v with nesterov
        d <- d - w (w · d) / |w|²    where |cos(w, g)| < delta / sqrt(size of w), see AdamP
        W <- (1 - lr weight_decay / (1 - momentum)) W - lr d,    weight_decay times wd_ratio where d was projected

    torch_optimizer projects v too, unless nesterov is set; its default momentum is 0.

    Source: Heo et al., arXiv 2006.08217; torch_optimizer.SGDP.
    """

    name: Literal["sgdp"] = "sgdp"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    dampening: Annotated[float, Field(ge=0, lt=1, description="fraction of the gradient left out")] = 0.0
    eps: Eps = 1e-8
    delta: Delta = 0.1
    wd_ratio: WdRatio = 0.1
    nesterov: Annotated[bool, Field(description="whether to use Nesterov momentum")] = False
    weight_decay: InnerDecay = 0.0
    update: ClassVar[CompiledFunction] = sgdp
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 2
