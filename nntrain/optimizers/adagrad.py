"""AdaGrad: the more a parameter's gradients have added up to, the smaller its steps."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, EpsRoot, Optimizer, Range, Rate, rule, squared
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def adagrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Add up the squares, and divide by their root."""
    real = theta.dtype.type
    lr, eps, eps_root = real(rate), real(hyper[0]), real(hyper[1])
    r = state[0]
    if k == 1:
        for i in range(start, stop):
            r[i] = real(hyper[2])
    for i in range(start, stop):
        g = grad[i]
        r[i] += squared(g)
        root = np.sqrt(r[i] + eps_root) + eps
        if root > 0:  # both eps may be 0, and the gradient of a dead unit too
            theta[i] -= lr * g / root


class AdaGrad(Optimizer):
    """Adaptive gradient: a rate for each parameter, which only falls.

    Formula:
        r     <- r + g²,  r = initial at first
        theta <- theta - lr g / (sqrt(r + eps_root) + eps)

    torch's lr_decay is the schedule `cooling`.

    Source: K, L, S, N; Duchi et al. 2011. S has eps 1e-7.
    """

    name: Literal["adagrad"] = "adagrad"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    eps: Eps = 1e-10
    eps_root: EpsRoot = 0.0
    initial: Annotated[Amount, Field(description="what the sum of squares starts from")] = 0.0
    update: ClassVar[CompiledFunction] = adagrad
    rates: ClassVar[Range] = Range(0.001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "eps": 0.0, "eps_root": 1e-7, "initial": 0.1},
        "optax": {"eps": 0.0, "eps_root": 1e-7, "initial": 0.1},
        "lecture": {"eps": 1e-7},
    }

    def hyper(self) -> tuple[float, ...]:
        """Return (eps, eps_root, initial)."""
        return (self.eps, self.eps_root, self.initial)
