"""Lion: the sign of a momentum, found by program search."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, WeightDecay, rule
from nntrain.registry import DIALECT, Dialects


@rule
def lion(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step by the sign of one average of momentum and gradient, and keep another."""
    real = theta.dtype.type
    beta1, beta2 = hyper
    lr = real(rate)
    beta1, new1, beta2, new2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    m = state[0]
    for i in range(start, stop):
        g = grad[i]
        theta[i] -= lr * np.sign(beta1 * m[i] + new1 * g)
        m[i] = beta2 * m[i] + new2 * g


class Lion(Optimizer):
    """Evolved sign momentum: every step has the same length.

    Formula:
        theta <- theta - lr sign(beta1 m + (1 - beta1) g)
        m     <- beta2 m + (1 - beta2) g

    Source: Chen et al., arXiv 2302.06675.
    """

    name: Literal["lion"] = "lion"
    dialect: Annotated[Literal["paper", "keras", "optax"], DIALECT] = "paper"
    lr: Rate = 1e-4
    beta1: Annotated[float, Field(ge=0, lt=1, description="weight of the mean gradient in the step")] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")] = 0.99
    weight_decay: WeightDecay = 0.0
    update: ClassVar[CompiledFunction] = lion
    lr_range: ClassVar[Range] = Range(1e-05, 0.01)
    decoupled: ClassVar[bool] = True
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = {"keras": {"lr": 0.001}, "optax": {"weight_decay": 0.001}}
