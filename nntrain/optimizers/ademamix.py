"""AdEMAMix: Adam with a second, much slower mean gradient."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import MAX_COUNT, Amount


@rule
def ademamix(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Add alpha times the slow mean, which is not corrected, to Adam's mean."""
    real = theta.dtype.type
    beta1, beta2, beta3, alpha, t_alpha_beta3, eps = hyper
    if k < t_alpha_beta3:
        done, fast, slow = k / t_alpha_beta3, np.log(beta1), np.log(beta3)
        alpha *= done
        beta3 = min(np.exp(fast * slow / ((1 - done) * slow + done * fast)), beta3)
    correction = np.sqrt(1 - beta2**k)
    of_mean, of_slow = real(rate * correction / (1 - beta1**k)), real(rate * correction * alpha)
    eps = real(eps * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    beta3, new3 = real(beta3), real(1 - beta3)
    m, v, slow_mean = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        slow_mean[i] = beta3 * slow_mean[i] + new3 * g
        theta[i] -= (of_mean * m[i] + of_slow * slow_mean[i]) / (np.sqrt(v[i]) + eps)


class AdEMAMix(Optimizer):
    """Adam with a mixture of two mean gradients: a fast one for the local shape, a slow one for old gradients.

    Formula:
        m, v as Adam
        s     <- beta3 s + (1 - beta3) g
        theta <- theta - lr (m_hat + alpha s) / (sqrt(v_hat) + eps)

    In the first t_alpha_beta3 steps, alpha grows linearly from 0, and beta3 grows from beta1 so that the half-life of s
    grows linearly.

    Source: Pagliardini et al., arXiv 2409.03137; pytorch_optimizer.AdEMAMix.
    """

    name: Literal["ademamix"] = "ademamix"
    lr: Rate = 0.001
    beta1: Annotated[float, Field(gt=0, lt=1, description="decay factor of the mean gradient")] = 0.9
    beta2: Beta2 = 0.999
    beta3: Annotated[float, Field(gt=0, lt=1, description="decay factor of the slow mean gradient")] = 0.9999
    alpha: Annotated[Amount, Field(description="weight of the slow mean gradient in the step")] = 5.0
    t_alpha_beta3: Annotated[
        int, Field(ge=0, le=MAX_COUNT, description="steps in which alpha and beta3 rise; 0: they are constant")
    ] = 0
    eps: Eps = 1e-8
    update: ClassVar[CompiledFunction] = ademamix
    state_rows: ClassVar[int] = 3
