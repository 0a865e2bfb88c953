"""Adafactor: Adam with a rank-one mean square, steps relative to the weights, and no momentum."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Optimizer, Range, Rate, WeightDecay, rule, squared
from nntrain.registry import Amount, Positive


@kernel
def averaged(root, mean, beta):
    """Return the root of beta root² + (1 - beta) mean, in float64: roots do not overflow where squares do."""
    return np.sqrt(beta * squared(np.float64(root)) + (1 - beta) * mean)


@kernel
def scale_matrix(grad, step, by_row, by_column, start, rows, columns, beta, eps):
    """Fill step (rows · columns) with the gradient divided by the root of the factored mean square."""
    real = grad.dtype.type
    total = 0.0
    for i in range(rows):
        square = 0.0
        for j in range(columns):
            square += squared(np.float64(grad[start + i * columns + j])) + eps
        by_row[start + i] = real(averaged(by_row[start + i], square / columns, beta))
        total += squared(np.float64(by_row[start + i]))
    for j in range(columns):
        square = 0.0
        for i in range(rows):
            square += squared(np.float64(grad[start + i * columns + j])) + eps
        by_column[start + j] = real(averaged(by_column[start + j], square / rows, beta))
    root = np.sqrt(total / rows)
    for i in range(rows):
        for j in range(columns):
            at = start + i * columns + j
            step[at] = real(
                np.float64(grad[at]) / np.float64(by_row[start + i]) / np.float64(by_column[start + j]) * root
            )


@rule
def adafactor(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Scale each array's gradient, clip its root mean square, and multiply it by that of the array."""
    real = theta.dtype.type
    beta1, decay_rate, eps1, eps2, clip_threshold, scale_parameter, relative_step, warmup_init, weight_decay = hyper
    beta2, mu, new = 1 - k**decay_rate, real(beta1), real(1 - beta1)
    if relative_step != 0:
        rate *= min(1e-6 * k if warmup_init != 0 else 1e-2, 1 / np.sqrt(k))
    m, step, by_row, by_column = state[0], state[1], state[2], state[3]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        if rows > 0:
            scale_matrix(grad, step, by_row, by_column, start, rows, columns, beta2, eps1)
        else:
            for i in range(start, stop):
                by_row[i] = real(averaged(by_row[i], squared(np.float64(grad[i])) + eps1, beta2))
                step[i] = grad[i] / by_row[i]
        weights, update = 0.0, 0.0
        for i in range(start, stop):
            weights += squared(np.float64(theta[i]))
            update += squared(np.float64(step[i]))
        weights, update = np.sqrt(weights / (stop - start)), np.sqrt(update / (stop - start))
        lr = rate * (max(eps2, weights) if scale_parameter != 0 else 1.0)
        keep, factor = real(1 - weight_decay * lr if rows > 0 else 1.0), real(lr / max(1.0, update / clip_threshold))
        for i in range(start, stop):
            m[i] = mu * m[i] + new * factor * step[i]
            theta[i] = keep * theta[i] - m[i]


class Adafactor(Optimizer):
    """Adaptive steps with little memory in the paper: a mean square for each row and column of a matrix.

    Formula:
        r, c  <- beta2 (r, c) + (1 - beta2) means of G² + eps1 over rows and columns,  beta2 = 1 - k^decay_rate
        U      = G / sqrt(r c / mean(r));  for a bias vector g / sqrt(v)
        U     <- U / max(1, RMS(U) / clip_threshold)
        a      = lr max(eps2, RMS(W)) min(0.01, 1/sqrt(k))    the factors are optional
        m     <- beta1 m + (1 - beta1) a U
        W     <- (1 - a weight_decay) W - m

    With relative_step, torch_optimizer ignores lr; here it is a factor, 1 by default. Without it, set a smaller one.

    Source: Shazeer and Stern, arXiv 1804.04235; torch_optimizer.Adafactor.
    """

    name: Literal["adafactor"] = "adafactor"
    lr: Rate = 1.0
    beta1: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean step; 0: no mean")] = 0.0
    decay_rate: Annotated[float, Field(ge=-1, lt=0, description="exponent of k in 1 - beta2")] = -0.8
    eps1: Annotated[Positive, Field(description="added to the squared gradient")] = 1e-30
    eps2: Annotated[Amount, Field(description="smallest root mean square of the weights in the step size")] = 1e-3
    clip_threshold: Annotated[Positive, Field(description="largest root mean square of the scaled gradient")] = 1.0
    scale_parameter: Annotated[bool, Field(description="whether steps are proportional to the weights")] = True
    relative_step: Annotated[bool, Field(description="whether lr is multiplied by min(0.01, 1/sqrt(k))")] = True
    warmup_init: Annotated[bool, Field(description="whether 0.01 is replaced by k / 1,000,000 there")] = False
    weight_decay: WeightDecay = 0.0
    update: ClassVar[CompiledFunction] = adafactor
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(1e-2, 100)
    state_rows: ClassVar[int] = 4
