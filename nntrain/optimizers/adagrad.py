"""AdaGrad: the larger a parameter's gradients have been in total, the shorter its steps."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, EpsRoot, Optimizer, Range, Rate, rule, squared
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def adagrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Sum the squared gradients and divide by the root of the sum."""
    real = theta.dtype.type
    eps, eps_root, initial = hyper
    lr, eps, eps_root = real(rate), real(eps), real(eps_root)
    r = state[0]
    if k == 1:
        for i in range(start, stop):
            r[i] = real(initial)
    for i in range(start, stop):
        g = grad[i]
        r[i] += squared(g)
        root = np.sqrt(r[i] + eps_root) + eps
        if root > 0:  # it is 0 for a dead unit if eps and eps_root are 0
            theta[i] -= lr * g / root


class AdaGrad(Optimizer):
    """Adaptive gradient: each parameter has its own learning rate, which only falls.

    Formula:
        r     <- r + g²,  r = initial at first
        theta <- theta - lr g / (sqrt(r + eps_root) + eps)

    For torch's lr_decay, use the schedule `inverse_time_decay`.

    Source: Korea University, Larson, Lan (eps 1e-7), Straka; Duchi et al. 2011.
    """

    name: Literal["adagrad"] = "adagrad"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    eps: Eps = 1e-10
    eps_root: EpsRoot = 0.0
    initial: Annotated[Amount, Field(description="initial value of the sum of squares")] = 0.0
    update: ClassVar[CompiledFunction] = adagrad
    lr_range: ClassVar[Range] = Range(0.001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "eps": 0.0, "eps_root": 1e-7, "initial": 0.1},
        "optax": {"eps": 0.0, "eps_root": 1e-7, "initial": 0.1},
        "lecture": {"eps": 1e-7},
    }
