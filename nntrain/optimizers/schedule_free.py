"""Schedule-Free SGD and AdamW: an average of the iterates takes the place of a falling learning rate."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta2, Eps, Optimizer, Range, Rate, rule, squared
from nntrain.registry import Amount

Interpolation = Annotated[
    float, Field(gt=0, lt=1, description="weight of the average x in y, where the gradient is computed")
]
R = Annotated[Amount, Field(description="the average weighs step k by k^r")]
WeightLrPower = Annotated[Amount, Field(description="the average weighs a step by max(lr so far)^weight_lr_power")]
X = 1  # the state vector that is evaluated and saved


@kernel
def weight_of_step(state, row, rate, k, r, weight_lr_power):
    """Return the weight c of step k in the average. state[row, 0] is the sum of weights, state[row + 1, 0] max(lr)."""
    largest = max(np.float64(state[row + 1, 0]), rate)
    weight = np.float64(k) ** r * largest**weight_lr_power
    total = np.float64(state[row, 0]) + weight
    state[row + 1, 0], state[row, 0] = largest, total
    return weight / total if total > 0 else 0.0


@rule
def schedule_free_sgd(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take a step of SGD with z, average z in x, and set theta to y, between the two."""
    real = theta.dtype.type
    momentum, r, weight_lr_power = hyper
    z, x = state[0], state[1]
    if k == 1:
        for i in range(theta.size):
            z[i] = x[i] = theta[i]
    lr, mu, c = real(rate), real(momentum), real(weight_of_step(state, 2, rate, k, r, weight_lr_power))
    for i in range(theta.size):
        z[i] -= lr * grad[i]
        x[i] += c * (z[i] - x[i])
        theta[i] = z[i] + mu * (x[i] - z[i])


@rule
def schedule_free_adamw(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take a step of RMSProp with z, average z in x, and set theta to y, between the two."""
    real = theta.dtype.type
    beta1, beta2, eps, r, weight_lr_power, weight_decay = hyper
    z, x, v = state[0], state[1], state[2]
    if k == 1:
        for i in range(theta.size):
            z[i] = x[i] = theta[i]
    c = real(weight_of_step(state, 3, rate, k, r, weight_lr_power))
    correction = np.sqrt(1 - beta2**k)
    lr, eps, mu = real(rate * correction), real(eps * correction), real(beta1)
    keep, root = real(beta2), real(np.sqrt(1 - beta2))
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        decay = real(rate * weight_decay) if rows > 0 else real(0)  # not for biases
        for i in range(start, start + max(rows, 1) * columns):
            g = grad[i]
            v[i] = keep * v[i] + squared(root * g)
            denominator = np.sqrt(v[i]) + eps
            z[i] -= decay * theta[i] + (lr * g / denominator if denominator > 0 else real(0))
            x[i] += c * (z[i] - x[i])
            theta[i] = z[i] + mu * (x[i] - z[i])


class ScheduleFreeSGD(Optimizer):
    """SGD whose iterates are averaged, with gradients computed between the average and the last iterate.

    Formula:
        z <- z - lr g(y)
        c  = w_k / (w_1 + ... + w_k),  w_k = k^r max(lr)^weight_lr_power
        x <- (1 - c) x + c z
        y  = (1 - momentum) z + momentum x

    The network's parameters are y during training. x is evaluated and saved. Batch norm's running averages are
    computed again for x, on the training split. Keep the learning rate constant, with `schedule.warmup` if needed.

    Source: Defazio et al., arXiv 2405.15682; schedulefree.SGDScheduleFree.
    """

    name: Literal["schedule_free_sgd"] = "schedule_free_sgd"
    lr: Rate = 1.0
    momentum: Interpolation = 0.9
    r: R = 0.0
    weight_lr_power: WeightLrPower = 2.0
    update: ClassVar[CompiledFunction] = schedule_free_sgd
    elementwise: ClassVar[bool] = False
    evaluated_row: ClassVar[int | None] = X
    lr_range: ClassVar[Range] = Range(1e-2, 10)
    state_rows: ClassVar[int] = 4


class ScheduleFreeAdamW(Optimizer):
    """AdamW with an average of the iterates in place of the mean gradient, and without a schedule.

    Formula:
        v <- beta2 v + (1 - beta2) g(y)²
        z <- z - lr g(y) / (sqrt(v / (1 - beta2^k)) + eps) - lr weight_decay y
        c  = w_k / (w_1 + ... + w_k),  w_k = k^r max(lr)^weight_lr_power
        x <- (1 - c) x + c z
        y  = (1 - beta1) z + beta1 x

    The network's parameters are y during training. x is evaluated and saved, as in schedule_free_sgd.

    Source: Defazio et al., arXiv 2405.15682; schedulefree.AdamWScheduleFree.
    """

    name: Literal["schedule_free_adamw"] = "schedule_free_adamw"
    lr: Rate = 0.0025
    beta1: Interpolation = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    r: R = 0.0
    weight_lr_power: WeightLrPower = 2.0
    weight_decay: Annotated[Amount, Field(description="weight decay of the weights, not the biases")] = 0.0
    update: ClassVar[CompiledFunction] = schedule_free_adamw
    elementwise: ClassVar[bool] = False
    evaluated_row: ClassVar[int | None] = X
    state_rows: ClassVar[int] = 5
    bias_corrections: ClassVar[Mapping[str, str]] = {"v": "beta2"}
