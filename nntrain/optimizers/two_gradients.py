"""A step along the last two gradients: the momentum of Larson's slides."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule


@rule
def two_gradients(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step along the gradient and a fraction of the previous one."""
    real = theta.dtype.type
    (beta,) = hyper
    lr, beta = real(rate), real(beta)
    previous = state[0]
    for i in range(start, stop):
        theta[i] -= lr * (grad[i] + beta * previous[i])
        previous[i] = grad[i]


class TwoGradients(Optimizer):
    """Gradient descent along the gradient and a fraction of the previous one.

    Formula:
        theta <- theta - lr (g_k + beta g_(k-1)),  g_0 = 0

    Larson's slides call it momentum, with alpha = lr and beta = lr beta. Unlike the velocity of `momentum`, it
    remembers one gradient only; unlike conjugate gradients, beta is constant.

    Source: Larson.
    """

    name: Literal["two_gradients"] = "two_gradients"
    lr: Rate = 0.01
    beta: Annotated[float, Field(ge=0, lt=1, description="factor of the previous gradient")] = 0.9
    update: ClassVar[CompiledFunction] = two_gradients
    lr_range: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 1
