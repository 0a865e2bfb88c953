"""SWATS: Adam that switches to SGD, at a learning rate that it estimates."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Amount


@kernel
def adam_phase(theta, grad, m, v, start, stop, beta1, beta2, eps, step):
    """Take Adam's step p; return the learning rate at which SGD's step, projected onto p, equals p (0: none)."""
    real = theta.dtype.type
    keep1, new1, keep2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    length, along = 0.0, 0.0
    for i in range(start, stop):
        g = grad[i]
        m[i] = keep1 * m[i] + new1 * g
        v[i] = keep2 * v[i] + squared(root2 * g)
        p = real(step) * m[i] / (np.sqrt(v[i]) + real(eps))
        theta[i] -= p
        length += squared(np.float64(p))
        along += np.float64(p) * np.float64(g)
    return length / along if along != 0 else 0.0


@rule
def swats(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take Adam's or SGD's step for each array. state[2] is lambda, state[3] SGD's rate relative to lr, once known."""
    real = theta.dtype.type
    beta1, beta2, eps, tolerance = hyper
    correction = 1 - beta2**k
    step = rate * np.sqrt(correction) / (1 - beta1**k)
    m, mean, sgd_rate = state[0], state[2], state[3]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        if sgd_rate[start] != 0:
            lr = real((1 - beta1) * np.float64(sgd_rate[start]) * rate)
            for i in range(start, stop):
                m[i] = real(beta1) * m[i] + grad[i]
                theta[i] -= lr * m[i]
            continue
        scaling = adam_phase(theta, grad, m, state[1], start, stop, beta1, beta2, eps, step)
        if scaling != 0:
            average = beta2 * np.float64(mean[start]) + (1 - beta2) * scaling
            mean[start] = real(average)
            average /= correction
            if k > 1 and average > 0 and abs(average - scaling) <= tolerance * abs(scaling):
                sgd_rate[start] = real(average / rate)
                for i in range(start, stop):
                    m[i] = 0


class SWATS(Optimizer):
    """Switching from Adam to SGD with momentum, for each weight matrix and each bias vector by itself.

    Formula:
        p       = Adam's step, with eps added to sqrt(v);  theta <- theta - p
        gamma   = p · p / p · g
        lambda <- beta2 lambda + (1 - beta2) gamma
        if |lambda / (1 - beta2^k) - gamma| <= tolerance |gamma|, then from now on, with v = 0 at first:
        v      <- beta1 v + g
        theta  <- theta - (1 - beta1) lambda / (1 - beta2^k) v    times the schedule's factor since the switch

    torch_optimizer switches all arrays of a parameter group at once, and multiplies v by 1 - beta1 in each step.

    Source: Keskar and Socher, arXiv 1712.07628; torch_optimizer.SWATS.
    """

    name: Literal["swats"] = "swats"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-3
    tolerance: Annotated[Amount, Field(description="relative difference of the estimates at which it switches")] = 1e-6
    update: ClassVar[CompiledFunction] = swats
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 4
