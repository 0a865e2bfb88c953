"""Prodigy: Adam that estimates its learning rate."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Range, Rate, rule, squared
from nntrain.registry import Amount, Positive


@kernel
def take_prodigy_step(theta, m, v, step, eps, tensors, keep):
    """Take Adam's step; weights, not biases, are multiplied by ``keep`` before it."""
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        factor = theta.dtype.type(keep if rows > 0 else 1.0)
        for i in range(start, start + max(rows, 1) * columns):
            theta[i] *= factor
            denominator = np.sqrt(v[i]) + eps
            if denominator > 0:
                theta[i] -= step * m[i] / denominator


@rule
def prodigy(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Estimate the distance d to the solution. state[4, 0] is d, and state[5, 0] the numerator of its estimate."""
    real = theta.dtype.type
    beta1, beta2, eps, d0, d_coef, use_bias_correction, safeguard_warmup, weight_decay = hyper
    m, v, s, origin = state[0], state[1], state[2], state[3]
    if k == 1:
        state[4, 0] = real(d0)
        for i in range(theta.size):
            origin[i] = theta[i]
    d, decay = np.float64(state[4, 0]), np.sqrt(beta2)
    step = d * rate * (np.sqrt(1 - beta2**k) / (1 - beta1**k) if use_bias_correction != 0 else 1.0)
    weight = d / d0 * (d if safeguard_warmup != 0 else step)
    keep1, new1, keep2, root2 = real(beta1), real(d * (1 - beta1)), real(beta2), real(d * np.sqrt(1 - beta2))
    progress, length = 0.0, 0.0
    for i in range(theta.size):
        g = grad[i]
        progress += np.float64(g) * (np.float64(origin[i]) - np.float64(theta[i]))
        m[i] = keep1 * m[i] + new1 * g
        v[i] = keep2 * v[i] + squared(root2 * g)
        s[i] = real(decay) * s[i] + real(weight) * g
        length += abs(np.float64(s[i]))
    if length == 0:
        return
    numerator = decay * np.float64(state[5, 0]) + d / d0 * step * progress
    state[5, 0] = real(numerator)
    state[4, 0] = real(max(d, d_coef * numerator / length))
    take_prodigy_step(theta, m, v, real(step), real(eps * np.float64(state[4, 0])), tensors, 1 - weight_decay * step)


class Prodigy(Optimizer):
    """Adam with the learning rate lr d, where d estimates the distance from the initial weights to the solution.

    Formula:
        a      = d lr
        r     <- sqrt(beta2) r + a d / d0 g · (theta_0 - theta)
        s     <- sqrt(beta2) s + a d / d0 g        d in place of a with safeguard_warmup
        m     <- beta1 m + (1 - beta1) d g
        v     <- beta2 v + (1 - beta2) d² g²
        d     <- max(d, d_coef r / |s|_1),  d = d0 at first
        theta <- (1 - a weight_decay) theta - a m / (sqrt(v) + d eps),  weights only decay

    With use_bias_correction, a is multiplied by sqrt(1 - beta2^k) / (1 - beta1^k). Keep lr at 1, with any schedule.

    Source: Mishchenko and Defazio, arXiv 2306.06101; prodigyopt.Prodigy.
    """

    name: Literal["prodigy"] = "prodigy"
    lr: Rate = 1.0
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    d0: Annotated[Positive, Field(description="initial estimate of the distance; rather too small than too large")] = (
        1e-6
    )
    d_coef: Annotated[Positive, Field(description="factor of the estimate")] = 1.0
    use_bias_correction: Annotated[bool, Field(description="whether to correct the bias of m and v, as Adam")] = False
    safeguard_warmup: Annotated[bool, Field(description="whether the estimate ignores lr: for long warm-ups")] = False
    weight_decay: Annotated[Amount, Field(description="weight decay of the weights, not the biases")] = 0.0
    update: ClassVar[CompiledFunction] = prodigy
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.1, 10)
    state_rows: ClassVar[int] = 6
