"""RMSProp: division by the root of a moving average of squared gradients."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import (
    Eps,
    EpsRoot,
    Momentum,
    Optimizer,
    Range,
    Rate,
    Rho,
    ScaledVelocity,
    rule,
    squared,
)
from nntrain.registry import DIALECT, Dialects


@rule
def rmsprop(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Scale the gradient and add it to a velocity; momentum = 0 turns off the velocity, centered = 0 the centering."""
    real = theta.dtype.type
    rho, eps, eps_root, centered, momentum, scaled_velocity = hyper
    new, mu, root = real((1 - rho) * centered), real(momentum), real(np.sqrt(1 - rho))
    rho, eps, eps_root = real(rho), real(eps), real(eps_root)
    inside, outside = (real(rate), real(1)) if scaled_velocity != 0 else (real(1), real(rate))
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

    If centered, the root is that of the variance, s - m² with m <- rho m + (1 - rho) g. Lan adds 1e-6 under the root;
    so do keras (1e-7) and optax (1e-8). An eps_root there acts like an eps of its square root.

    Source: Korea University, Larson, Lan, Straka; Hinton's lecture 6e, 2012; centered: Graves, arXiv 1308.0850.
    """

    name: Literal["rmsprop"] = "rmsprop"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    rho: Rho = 0.99
    eps: Eps = 1e-8
    eps_root: EpsRoot = 0.0
    centered: Annotated[bool, Field(description="whether to divide by the standard deviation of the gradient")] = False
    momentum: Momentum = 0.0
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = rmsprop
    lr_range: ClassVar[Range] = Range(1e-5, 1e-1)
    state_rows: ClassVar[int] = 3
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "rho": 0.9, "eps": 0.0, "eps_root": 1e-7, "scaled_velocity": True},
        "optax": {"rho": 0.9, "eps": 0.0, "eps_root": 1e-8, "scaled_velocity": True},
        "lecture": {"lr": 0.001, "rho": 0.9, "eps": 0.0, "eps_root": 1e-6},
    }
