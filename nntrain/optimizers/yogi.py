"""Yogi: Adam whose mean square changes by additions, and not by factors."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Amount


@rule
def yogi(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Move v towards g² by a share of g²; (1 - beta2) v is compared with (1 - beta2) g²."""
    real = theta.dtype.type
    beta1, new1, new2, root2 = real(hyper[0]), real(1 - hyper[0]), real(1 - hyper[1]), real(np.sqrt(1 - hyper[1]))
    correction = np.sqrt(1 - hyper[1] ** k)
    step, eps = real(rate * correction / (1 - hyper[0] ** k)), real(hyper[2] * correction)
    m, v = state[0], state[1]
    if k == 1:
        for i in range(start, stop):
            m[i] = v[i] = real(hyper[3])
    for i in range(start, stop):
        g = grad[i]
        share = squared(root2 * g)
        m[i] = beta1 * m[i] + new1 * g
        v[i] -= np.sign(new2 * v[i] - share) * share
        theta[i] -= step * m[i] / (np.sqrt(v[i]) + eps)


class Yogi(Optimizer):
    """Adam with a mean square that does not forget at once where gradients are rare.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- v - (1 - beta2) sign(v - g²) g²
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps);  m = v = initial at first

    Source: Zaheer et al. 2018; optax.yogi, which starts m from `initial` too.
    """

    name: Literal["yogi"] = "yogi"
    lr: Rate = 0.01
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-3
    initial: Annotated[Amount, Field(description="what m and v start from")] = 1e-6
    update: ClassVar[CompiledFunction] = yogi
    state_rows: ClassVar[int] = 2

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps, initial)."""
        return (self.beta1, self.beta2, self.eps, self.initial)
