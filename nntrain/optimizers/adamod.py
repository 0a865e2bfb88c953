"""AdaMod: Adam whose step sizes cannot exceed their own average."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared


@rule
def adamod(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Bound each step size by its moving average, which starts from 0."""
    real = theta.dtype.type
    beta1, beta2, eps, beta3 = hyper
    step, eps = real(rate * np.sqrt(1 - beta2**k) / (1 - beta1**k)), real(eps)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    beta3, new3 = real(beta3), real(1 - beta3)
    m, v, mean = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        size = step / (np.sqrt(v[i]) + eps)
        mean[i] = beta3 * mean[i] + new3 * size
        theta[i] -= min(size, mean[i]) * m[i]


class AdaMod(Optimizer):
    """Adam with momental bounds: a moving average limits the step sizes, which acts as a warm-up.

    Formula:
        m, v as Adam
        a      = lr sqrt(1 - beta2^k) / ((1 - beta1^k) (sqrt(v) + eps))
        s     <- beta3 s + (1 - beta3) a
        theta <- theta - min(a, s) m

    torch_optimizer, like this rule, adds eps to sqrt(v), and averages step sizes that include the bias correction of m.
    In the paper, eps is added to sqrt(v_hat), and the step is min(a, s) m_hat.

    Source: Ding et al., arXiv 1910.12249; torch_optimizer.AdaMod.
    """

    name: Literal["adamod"] = "adamod"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    beta3: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean step size")] = 0.999
    update: ClassVar[CompiledFunction] = adamod
    state_rows: ClassVar[int] = 3
