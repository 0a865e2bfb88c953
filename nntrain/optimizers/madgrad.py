"""MADGRAD: momentumized, adaptive, dual averaged gradients."""

from typing import ClassVar, Literal

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, Momentum, Optimizer, Range, Rate, rule, squared


@rule
def madgrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Move towards a point determined by weighted sums of all gradients."""
    real = theta.dtype.type
    momentum, eps = hyper
    weight, new, third = (rate + eps) * k**0.5, real(1 - momentum), real(1 / 3)
    weight, root, eps = real(weight), real(weight**0.5), real(eps)
    s, v, origin = state[0], state[1], state[2]
    if k == 1:
        for i in range(start, stop):
            origin[i] = theta[i]
    for i in range(start, stop):
        g = grad[i]
        s[i] += weight * g
        v[i] += squared(root * g)
        z = origin[i] - s[i] / (v[i] ** third + eps)
        theta[i] += new * (z - theta[i])


class MADGRAD(Optimizer):
    """Dual averaging with the cube root of the sum of squares, and momentum as an average of the iterates.

    Formula:
        a      = (lr + eps) sqrt(k)
        s     <- s + a g
        v     <- v + a g²
        z      = theta_0 - s / (cbrt(v) + eps)
        theta <- momentum theta + (1 - momentum) z

    The authors' code and torch_optimizer add eps to the learning rate, so that v is positive; the paper does not.

    Source: Defazio and Jelassi, arXiv 2101.11075; torch_optimizer.MADGRAD.
    """

    name: Literal["madgrad"] = "madgrad"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    eps: Eps = 1e-6
    update: ClassVar[CompiledFunction] = madgrad
    lr_range: ClassVar[Range] = Range(1e-4, 1)
    state_rows: ClassVar[int] = 3
