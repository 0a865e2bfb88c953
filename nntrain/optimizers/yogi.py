"""Yogi: Adam whose mean square changes by addition instead of multiplication."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Amount


@rule
def yogi(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Move v towards g² by (1 - beta2) g²; the comparison of v with g² is scaled by 1 - beta2 too."""
    real = theta.dtype.type
    beta1, beta2, eps, initial = hyper
    correction = np.sqrt(1 - beta2**k)
    step, eps = real(rate * correction / (1 - beta1**k)), real(eps * correction)
    beta1, new1, new2, root2 = real(beta1), real(1 - beta1), real(1 - beta2), real(np.sqrt(1 - beta2))
    m, v = state[0], state[1]
    if k == 1:
        for i in range(start, stop):
            m[i] = v[i] = real(initial)
    for i in range(start, stop):
        g = grad[i]
        change = squared(root2 * g)
        m[i] = beta1 * m[i] + new1 * g
        v[i] -= np.sign(new2 * v[i] - change) * change
        theta[i] -= step * m[i] / (np.sqrt(v[i]) + eps)


class Yogi(Optimizer):
    """Adam with a mean square that does not decay at once where gradients are rare.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- v - (1 - beta2) sign(v - g²) g²
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps);  m = v = initial at first

    Source: Zaheer et al. 2018; optax.yogi, which also starts m from `initial`.
    """

    name: Literal["yogi"] = "yogi"
    lr: Rate = 0.01
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-3
    initial: Annotated[Amount, Field(description="initial value of m and v")] = 1e-6
    update: ClassVar[CompiledFunction] = yogi
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
