"""AdaBelief: long steps where the gradient is as expected."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsRoot, Optimizer, Rate, rule, squared


@rule
def adabelief(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Divide by the gradient's distance from its mean; eps_root is added to s at every step, as in the paper."""
    real = theta.dtype.type
    beta1, beta2, eps, eps_root = hyper
    correction = np.sqrt(1 - beta2**k)
    step, eps, eps_root = real(rate * correction / (1 - beta1**k)), real(eps * correction), real(eps_root)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, s = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        s[i] = beta2 * s[i] + squared(root2 * (g - m[i])) + eps_root
        theta[i] -= step * m[i] / (np.sqrt(s[i]) + eps)


class AdaBelief(Optimizer):
    """Adam with the gradient's squared deviation from its mean in place of its square.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        s     <- beta2 s + (1 - beta2) (g - m)² + eps_root
        theta <- theta - lr m_hat / (sqrt(s_hat) + eps)

    Source: Zhuang et al., arXiv 2010.07468; optax.adabelief.
    """

    name: Literal["adabelief"] = "adabelief"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-16
    eps_root: EpsRoot = 1e-16
    update: ClassVar[CompiledFunction] = adabelief
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "s": "beta2"}
