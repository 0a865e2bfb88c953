"""Apollo: a diagonal quasi-Newton method."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule, squared
from nntrain.registry import Positive


@rule
def apollo(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Correct each array's diagonal Hessian along its last step; sums are in float64."""
    real = theta.dtype.type
    beta, eps = hyper
    alpha, lr, one = (1 - beta) / (1 - beta**k), real(rate), real(1)
    m, B, d = state[0], state[1], state[2]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        fourth = 0.0
        for i in range(start, stop):
            fourth += squared(squared(np.float64(d[i])))
        norm = fourth**0.25 + eps
        change, curvature = 0.0, 0.0
        for i in range(start, stop):
            along = np.float64(d[i]) / norm
            change += np.float64(grad[i] - m[i]) / norm * along
            curvature += np.float64(B[i]) * along * along
            m[i] += real(alpha) * (grad[i] - m[i])
        correction = -alpha * change - curvature
        for i in range(start, stop):
            B[i] += real(correction * squared(np.float64(d[i]) / norm))
            d[i] = m[i] / max(abs(B[i]), one)
            theta[i] -= lr * d[i]


class Apollo(Optimizer):
    """Quasi-Newton steps with a diagonal Hessian B, rectified to at least 1.

    Formula:
        m_k    = m + (1 - beta) / (1 - beta^k) (g - m)
        d     <- d / (|d|_4 + eps),  d: the last step's direction
        B     <- B - [(m_k - m) · d / (|d|_4 + eps) + Σ B d²] d²    for each weight matrix and each bias vector
        d      = m_k / max(|B|, 1)
        theta <- theta - lr d

    For the warm-up of the paper, use `schedule.warmup`.

    Source: Ma, arXiv 2009.13586; torch_optimizer.Apollo.
    """

    name: Literal["apollo"] = "apollo"
    lr: Rate = 0.01
    beta: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")] = 0.9
    eps: Annotated[Positive, Field(description="added to the norm of the direction")] = 1e-4
    update: ClassVar[CompiledFunction] = apollo
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.001, 10)
    state_rows: ClassVar[int] = 3
