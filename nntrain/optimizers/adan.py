"""Adan: adaptive Nesterov momentum, from the differences of gradients."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Eps, Optimizer, Rate, rule, squared


@rule
def adan(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Average gradients, their differences, and squares of a look-ahead gradient."""
    real = theta.dtype.type
    beta1, beta2, beta3, eps = hyper
    correction = np.sqrt(1 - beta3**k)
    of_mean = real(rate * correction / (1 - beta1**k))
    of_change = real(rate * correction * beta2 / (1 - beta2**k))
    eps = real(eps * correction)
    beta1, new1, beta2, new2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    beta3, root3 = real(beta3), real(np.sqrt(1 - beta3))
    m, d, v, last = state[0], state[1], state[2], state[3]
    for i in range(start, stop):
        g = grad[i]
        change = g - last[i] if k > 1 else real(0)
        last[i] = g
        m[i] = beta1 * m[i] + new1 * g
        d[i] = beta2 * d[i] + new2 * change
        v[i] = beta3 * v[i] + squared(root3 * (g + beta2 * change))
        theta[i] -= (of_mean * m[i] + of_change * d[i]) / (np.sqrt(v[i]) + eps)


class Adan(Optimizer):
    """Adaptive Nesterov momentum.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        d     <- beta2 d + (1 - beta2) (g - g_last)              0 at the first step
        v     <- beta3 v + (1 - beta3) (g + beta2 (g - g_last))²
        theta <- theta - lr (m_hat + beta2 d_hat) / (sqrt(v_hat) + eps)

    The betas are decay factors, as in the authors' code; the paper's betas are 1 minus them.

    Source: Xie et al., arXiv 2208.06677; pytorch_optimizer.Adan.
    """

    name: Literal["adan"] = "adan"
    lr: Rate = 0.001
    beta1: Beta1 = 0.98
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean difference of gradients")] = 0.92
    beta3: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean squared gradient")] = 0.99
    eps: Eps = 1e-8
    update: ClassVar[CompiledFunction] = adan
    state_rows: ClassVar[int] = 4
