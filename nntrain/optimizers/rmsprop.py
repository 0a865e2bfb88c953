"""RMSProp: divide by the root of a running mean of squares, which forgets."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, EpsRoot, Optimizer, Range, Rate, Rho, ScaledVelocity, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def rmsprop(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Scale the gradient, and give the scaled one to a velocity; momentum 0 and centered 0 leave both out."""
    real = theta.dtype.type
    rho, root, eps, eps_root = real(hyper[0]), real(np.sqrt(1 - hyper[0])), real(hyper[1]), real(hyper[2])
    new, mu = real((1 - hyper[0]) * hyper[3]), real(hyper[4])
    inside, outside = (real(rate), real(1)) if hyper[5] != 0 else (real(1), real(rate))
    s, mean, v = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        s[i] = rho * s[i] + squared(root * g)
        mean[i] = rho * mean[i] + new * g
        v[i] = mu * v[i] + inside * g / (np.sqrt(s[i] - mean[i] * mean[i] + eps_root) + eps)
        theta[i] -= outside * v[i]


class RMSProp(Optimizer):
    """Root mean square propagation.

    Formula:
        s     <- rho s + (1 - rho) g²
        d      = g / (sqrt(s + eps_root) + eps)
        v     <- momentum v + d
        theta <- theta - lr v

    Centred, the root is taken of s - m² with m <- rho m + (1 - rho) g: of the variance and not of the square. S adds
    1e-6 under the root, and so do keras and optax (1e-7, 1e-8); an epsilon there acts like its root outside.

    Source: K, L, S, N; Hinton's lecture 6e, 2012; centred: Graves, arXiv 1308.0850.
    """

    name: Literal["rmsprop"] = "rmsprop"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    rho: Rho = 0.99
    eps: Eps = 1e-8
    eps_root: EpsRoot = 0.0
    centered: Annotated[bool, Field(description="whether the mean gradient's square is taken off")] = False
    momentum: Annotated[float, Field(ge=0, lt=1, description="share of the velocity that is kept")] = 0.0
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = rmsprop
    rates: ClassVar[Range] = Range(1e-5, 1e-1)
    state_rows: ClassVar[int] = 3
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "rho": 0.9, "eps": 0.0, "eps_root": 1e-7, "scaled_velocity": True},
        "optax": {"rho": 0.9, "eps": 0.0, "eps_root": 1e-8, "scaled_velocity": True},
        "lecture": {"lr": 0.001, "rho": 0.9, "eps": 0.0, "eps_root": 1e-6},
    }

    def hyper(self) -> tuple[float, ...]:
        """Return (rho, eps, eps_root, centered, momentum, scaled_velocity)."""
        return (self.rho, self.eps, self.eps_root, self.centered, self.momentum, self.scaled_velocity)
