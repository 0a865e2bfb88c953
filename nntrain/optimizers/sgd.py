"""Stochastic gradient descent: a step against the gradient."""

from typing import ClassVar, Literal

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule


@rule
def sgd(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step against the gradient."""
    lr = theta.dtype.type(rate)
    for i in range(start, stop):
        theta[i] -= lr * grad[i]


class SGD(Optimizer):
    """Stochastic gradient descent without momentum.

    Formula:
        theta <- theta - lr g

    Source: all lectures.
    """

    name: Literal["sgd"] = "sgd"
    lr: Rate = 0.01
    update: ClassVar[CompiledFunction] = sgd
    lr_range: ClassVar[Range] = Range(0.001, 10)
    state_rows: ClassVar[int] = 0
