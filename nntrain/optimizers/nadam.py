"""NAdam: Adam that looks ahead as Nesterov does."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsRoot, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def nadam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Mix the mean gradient, one step ahead, with the present one; the product of all mu is kept beside the state."""
    real = theta.dtype.type
    half = 0.5 if hyper[4] != 0 else 0.0
    mu = hyper[0] * (1 - half * 0.96 ** (k * hyper[3]))
    mu_next = hyper[0] * (1 - half * 0.96 ** ((k + 1) * hyper[3]))
    product = state[2]
    product[0] = real(mu) if k == 1 else product[0] * real(mu)
    correction = np.sqrt(1 - hyper[1] ** k)
    of_gradient = real(rate * correction * (1 - mu) / (1 - product[0]))
    of_mean = real(rate * correction * mu_next / (1 - product[0] * mu_next))
    beta1, beta2, new1, root2 = real(hyper[0]), real(hyper[1]), real(1 - hyper[0]), real(np.sqrt(1 - hyper[1]))
    eps, eps_root = real(hyper[2] * correction), real(hyper[5] * correction * correction)
    m, v = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        theta[i] -= (of_gradient * g + of_mean * m[i]) / (np.sqrt(v[i] + eps_root) + eps)


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead.

    Formula:
        mu_k   = beta1 (1 - ½ 0.96^(k psi)),  or beta1 where not warm
        m_hat  = mu_(k+1) m / (1 - Π mu_1..mu_(k+1)) + (1 - mu_k) g / (1 - Π mu_1..mu_k)
        theta <- theta - lr m_hat / (sqrt(v_hat + eps_root) + eps),  m and v as Adam

    psi is 0.004 in torch and 1 in keras: mu is half of beta1 for thousands of steps there, and nearly beta1 after some
    hundred here. optax and L have a constant mu (warm: false); L adds epsilon under the root, as in its Adam.

    Source: L, N; Dozat 2016.
    """

    name: Literal["nadam"] = "nadam"
    dialect: Annotated[Literal["torch", "keras", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.002
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_root: EpsRoot = 0.0
    psi: Annotated[Amount, Field(description="how fast mu approaches beta1")] = 0.004
    warm: Annotated[bool, Field(description="whether mu starts at half of beta1")] = True
    update: ClassVar[CompiledFunction] = nadam
    whole: ClassVar[bool] = True  # the product is kept once for all
    state_rows: ClassVar[int] = 3
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "eps": 1e-7, "psi": 1.0},
        "optax": {"lr": 0.001, "warm": False},
        "lecture": {"lr": 0.001, "warm": False, "eps": 0.0, "eps_root": 1e-8},
    }

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps, psi, warm, eps_root)."""
        return (self.beta1, self.beta2, self.eps, self.psi, self.warm, self.eps_root)
