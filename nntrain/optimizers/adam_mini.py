"""Adam-mini: Adam with one second moment for a block of parameters."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def adam_mini(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take Adam's step with the mean of v over each block, which all parameters of the block store."""
    real = theta.dtype.type
    beta1, beta2, eps, by_unit = hyper
    correction = np.sqrt(1 - beta2**k)
    step, eps = real(rate * correction / (1 - beta1**k)), real(eps * correction)
    keep, new = real(beta1), real(1 - beta1)
    m, v = state[0], state[1]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        units = columns if by_unit != 0 and rows > 0 else 1  # blocks of the array
        rows = max(rows, 1)
        squares = np.zeros(units)
        for i in range(rows * columns):
            squares[i % units] += squared(np.float64(grad[start + i]))
        size = rows * columns // units
        for i in range(start, start + rows * columns):
            mean = squares[(i - start) % units] / size
            m[i] = keep * m[i] + new * grad[i]
            v[i] = real(beta2 * np.float64(v[i]) + (1 - beta2) * mean)
            denominator = np.sqrt(v[i]) + eps
            if denominator > 0:
                theta[i] -= step * m[i] / denominator


class AdamMini(Optimizer):
    """Adam with the mean of the squared gradients of a block in place of each parameter's own.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- beta2 v + (1 - beta2) mean(g²)    over the parameter's block
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps),  m_hat and v_hat as Adam

    A block is the weights that lead to one unit, as in the paper's partition by output neurons, and each bias vector.
    pytorch_optimizer has a block for each array of a multi-layer perceptron (by_unit: false). The point of the rule is
    less memory for v; nntrain stores v for each parameter all the same.

    Source: Zhang et al., arXiv 2406.16793; pytorch_optimizer.AdamMini.
    """

    name: Literal["adam_mini"] = "adam_mini"
    dialect: Annotated[Literal["paper", "pytorch-optimizer"], DIALECT] = "paper"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    by_unit: Annotated[
        bool, Field(description="whether the weights of each unit are a block, and not a whole weight matrix")
    ] = True
    update: ClassVar[CompiledFunction] = adam_mini
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
    dialects: ClassVar[Dialects] = {"pytorch-optimizer": {"by_unit": False}}
