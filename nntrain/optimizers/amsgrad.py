"""AMSGrad: Adam with a denominator that never decreases."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def amsgrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Keep the largest mean square so far, before or after its bias correction."""
    real = theta.dtype.type
    beta1, beta2, eps, eps_hat, corrected = hyper
    correction = np.sqrt(1 - beta2**k)
    before, after = (real(1 / (1 - beta2**k)), 1.0) if corrected != 0 else (real(1), correction)
    step = real(rate * after / (1 - beta1**k))
    eps = real((eps / correction if eps_hat != 0 else eps) * after)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, largest = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        largest[i] = max(largest[i], v[i] * before)
        theta[i] -= step * m[i] / (np.sqrt(largest[i]) + eps)


class AMSGrad(Optimizer):
    """Adam with the largest mean square so far in place of the current one.

    Formula:
        m, v as Adam
        u     <- max(u, v)
        theta <- theta - lr m_hat / (sqrt(u / (1 - beta2^k)) + eps)

    optax takes the maximum over v_hat (corrected). The paper has no bias correction.

    Source: Reddi et al. 2018; torch.optim.Adam(amsgrad=True).
    """

    name: Literal["amsgrad"] = "amsgrad"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_hat: EpsHat = False
    corrected: Annotated[bool, Field(description="whether the maximum is taken over v_hat instead of v")] = False
    update: ClassVar[CompiledFunction] = amsgrad
    state_rows: ClassVar[int] = 3
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1"}
    dialects: ClassVar[Dialects] = {"keras": {"eps": 1e-7, "eps_hat": True}, "optax": {"corrected": True}}
