"""Lion: the sign of a momentum, found by a search over programs."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def lion(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step by the sign of one mean, and keep another."""
    real = theta.dtype.type
    lr = real(rate)
    beta1, new1, beta2, new2 = real(hyper[0]), real(1 - hyper[0]), real(hyper[1]), real(1 - hyper[1])
    m = state[0]
    for i in range(start, stop):
        g = grad[i]
        theta[i] -= lr * np.sign(beta1 * m[i] + new1 * g)
        m[i] = beta2 * m[i] + new2 * g


class Lion(Optimizer):
    """Evolved sign momentum: all steps have the same length.

    Formula:
        theta <- theta - lr sign(beta1 m + (1 - beta1) g)
        m     <- beta2 m + (1 - beta2) g

    Source: Chen et al., arXiv 2302.06675.
    """

    name: Literal["lion"] = "lion"
    dialect: Annotated[Literal["paper", "keras", "optax"], DIALECT] = "paper"
    lr: Rate = 1e-4
    beta1: Annotated[float, Field(ge=0, lt=1, description="share of the mean in the step")] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="share of the mean that is kept")] = 0.99
    weight_decay: Annotated[Amount, Field(description="share of a weight taken off a step, times the rate")] = 0.0
    update: ClassVar[CompiledFunction] = lion
    rates: ClassVar[Range] = Range(1e-05, 0.01)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = {"keras": {"lr": 0.001}, "optax": {"weight_decay": 0.001}}

    @property
    def decay(self) -> float:
        """Return the weight decay."""
        return self.weight_decay

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2)."""
        return (self.beta1, self.beta2)
