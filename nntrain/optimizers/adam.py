"""Adam: a step for each parameter, scaled by the size of its past gradients."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, EpsRoot, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def adam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Fold both bias corrections into the step size and eps: sqrt(v_hat) is sqrt(v) / correction."""
    real = theta.dtype.type
    beta1, beta2, eps, eps_root, eps_hat = hyper
    correction = np.sqrt(1 - beta2**k)
    step = real(rate * correction / (1 - beta1**k))
    eps = real(eps if eps_hat != 0 else eps * correction)
    eps_root = real(eps_root if eps_hat != 0 else eps_root * correction * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        theta[i] -= step * m[i] / (np.sqrt(v[i] + eps_root) + eps)


class Adam(Optimizer):
    """Adaptive moment estimation.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- beta2 v + (1 - beta2) g²
        m_hat  = m / (1 - beta1^k)
        v_hat  = v / (1 - beta2^k)
        theta <- theta - lr m_hat / (sqrt(v_hat + eps_root) + eps)

    The paper, torch and optax add eps to sqrt(v_hat). keras and scikit-learn add it to sqrt(v) (eps_hat), which
    corresponds to an eps that is 1/sqrt(1 - beta2^k) times larger: 32 times at k = 1. Larson and Straka add it under
    the root. The slides of Korea University divide by 1 - beta, without the exponent k: a misprint.

    Straka's second form (dialect straka) has the step size alpha_k and eps under the root of v itself:

        alpha_k = lr sqrt(1 - beta2^k) / (1 - beta1^k)
        theta  <- theta - alpha_k m / sqrt(v + eps_root)    m and v, where the slide repeats m_hat and v_hat

    Source: Korea University, Larson, Lan, Straka; Kingma and Ba, arXiv 1412.6980.
    """

    name: Literal["adam"] = "adam"
    dialect: Annotated[Literal["torch", "keras", "scikit-learn", "optax", "lecture", "straka"], DIALECT] = "torch"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_root: EpsRoot = 0.0
    eps_hat: EpsHat = False
    update: ClassVar[CompiledFunction] = adam
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
    dialects: ClassVar[Dialects] = {
        "keras": {"eps": 1e-7, "eps_hat": True},
        "scikit-learn": {"eps_hat": True},
        "optax": {},
        "lecture": {"eps": 0.0, "eps_root": 1e-8},
        "straka": {"eps": 0.0, "eps_root": 1e-8, "eps_hat": True},
    }
