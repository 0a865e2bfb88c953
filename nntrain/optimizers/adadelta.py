"""AdaDelta: steps in the units of the parameters, from the size of the steps before."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import EpsRoot, Optimizer, Range, Rate, Rho, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def adadelta(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Scale the gradient by the ratio of two roots: of past steps, and of past gradients."""
    real = theta.dtype.type
    lr, rho, root, eps = real(rate), real(hyper[0]), real(np.sqrt(1 - hyper[0])), real(hyper[1])
    v, u = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        v[i] = rho * v[i] + squared(root * g)
        step = np.sqrt(u[i] + eps) / np.sqrt(v[i] + eps) * g
        u[i] = rho * u[i] + squared(root * step)
        theta[i] -= lr * step


class AdaDelta(Optimizer):
    """Adaptive steps without a learning rate of their own.

    Formula:
        v     <- rho v + (1 - rho) g²
        d      = sqrt(u + eps_root) / sqrt(v + eps_root) g
        u     <- rho u + (1 - rho) d²
        theta <- theta - lr d

    The paper has no lr, which is 1 here. keras' lr of 0.001 makes it a thousand times slower.

    Source: K, L, N; Zeiler, arXiv 1212.5701 (rho 0.95).
    """

    name: Literal["adadelta"] = "adadelta"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 1.0
    rho: Rho = 0.9
    eps_root: EpsRoot = 1e-6
    update: ClassVar[CompiledFunction] = adadelta
    rates: ClassVar[Range] = Range(0.01, 100)
    state_rows: ClassVar[int] = 2
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "rho": 0.95, "eps_root": 1e-7},
        "optax": {},
        "lecture": {"rho": 0.95},
    }

    def hyper(self) -> tuple[float, ...]:
        """Return (rho, eps_root)."""
        return (self.rho, self.eps_root)
