"""NAdam: Adam with Nesterov momentum."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsRoot, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def nadam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Mix the mean gradient of the next step with the current gradient; state[2, 0] is the product of all mu."""
    real = theta.dtype.type
    beta1, beta2, eps, eps_root, psi, warm = hyper
    half = 0.5 if warm != 0 else 0.0
    mu = beta1 * (1 - half * 0.96 ** (k * psi))
    mu_next = beta1 * (1 - half * 0.96 ** ((k + 1) * psi))
    product = state[2]
    product[0] = real(mu) if k == 1 else product[0] * real(mu)
    correction = np.sqrt(1 - beta2**k)
    of_gradient = real(rate * correction * (1 - mu) / (1 - product[0]))
    of_mean = real(rate * correction * mu_next / (1 - product[0] * mu_next))
    eps, eps_root = real(eps * correction), real(eps_root * correction * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        theta[i] -= (of_gradient * g + of_mean * m[i]) / (np.sqrt(v[i] + eps_root) + eps)


class NAdam(Optimizer):
    """Adam with Nesterov momentum.

    Formula:
        mu_k   = beta1 (1 - ½ 0.96^(k psi)),  or beta1 if not warm
        m_hat  = mu_(k+1) m / (1 - Π mu_1..mu_(k+1)) + (1 - mu_k) g / (1 - Π mu_1..mu_k)
        theta <- theta - lr m_hat / (sqrt(v_hat + eps_root) + eps),  m and v as Adam

    psi is 0.004 in torch and 1 in keras: mu stays near beta1 / 2 for thousands of steps in torch, and comes close to
    beta1 after some hundred steps in keras. optax and Larson keep mu constant (warm: false). Larson adds epsilon under
    the root, as for Adam.

    Source: Larson, Straka; Dozat 2016.
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
    elementwise: ClassVar[bool] = False  # one product for all parameters
    state_rows: ClassVar[int] = 3
    bias_corrections: ClassVar[Mapping[str, str]] = {"v": "beta2"}
    dialects: ClassVar[Dialects] = {
        "keras": {"lr": 0.001, "eps": 1e-7, "psi": 1.0},
        "optax": {"lr": 0.001, "warm": False},
        "lecture": {"lr": 0.001, "warm": False, "eps": 0.0, "eps_root": 1e-8},
    }
