"""AdaDelta: steps in the units of the parameters, from the size of earlier steps."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import EpsRoot, Optimizer, Range, Rate, Rho, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def adadelta(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Scale the gradient by the ratio of two root mean squares: of past steps and of past gradients."""
    real = theta.dtype.type
    rho, eps_root = hyper
    lr, root, rho, eps_root = real(rate), real(np.sqrt(1 - rho)), real(rho), real(eps_root)
    v, u = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        v[i] = rho * v[i] + squared(root * g)
        step = np.sqrt(u[i] + eps_root) / np.sqrt(v[i] + eps_root) * g
        u[i] = rho * u[i] + squared(root * step)
        theta[i] -= lr * step


class AdaDelta(Optimizer):
    """Adaptive steps that need no learning rate.

    Formula:
        v     <- rho v + (1 - rho) g²
        d      = sqrt(u + eps_root) / sqrt(v + eps_root) g
        u     <- rho u + (1 - rho) d²
        theta <- theta - lr d

    The paper has no lr: it is 1 here and in torch. With keras' default of 0.001, steps are a thousand times shorter.

    Source: Korea University, Larson, Straka; Zeiler, arXiv 1212.5701 (rho 0.95).
    """

    name: Literal["adadelta"] = "adadelta"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 1.0
    rho: Rho = 0.9
    eps_root: EpsRoot = 1e-6
    update: ClassVar[CompiledFunction] = adadelta
    lr_range: ClassVar[Range] = Range(0.01, 100)
    state_rows: ClassVar[int] = 2
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "rho": 0.95, "eps_root": 1e-7},
        "optax": {},
        "lecture": {"rho": 0.95},
    }
