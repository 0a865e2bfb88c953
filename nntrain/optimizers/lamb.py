"""LAMB: Adam with steps whose length is proportional to that of each weight matrix."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Amount


@rule
def lamb(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take Adam's direction for each array, and scale it to the array's norm."""
    real = theta.dtype.type
    beta1, beta2, eps, weight_decay = hyper
    correction = np.sqrt(1 - beta2**k)
    corrected, eps = real(correction / (1 - beta1**k)), real(eps * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, d = state[0], state[1], state[2]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        decay = real(weight_decay) if rows > 0 else real(0)  # not for biases
        weights, step = 0.0, 0.0
        for i in range(start, stop):
            g = grad[i]
            m[i] = beta1 * m[i] + new1 * g
            v[i] = beta2 * v[i] + squared(root2 * g)
            d[i] = corrected * m[i] / (np.sqrt(v[i]) + eps) + decay * theta[i]
            weights += squared(float(theta[i]))
            step += squared(float(d[i]))
        trust = np.sqrt(weights / step) if weights > 0 and step > 0 else 1.0
        lr = real(rate * trust)
        for i in range(start, stop):
            theta[i] -= lr * d[i]


class Lamb(Optimizer):
    """Layer-wise adaptive moments, for large batches.

    Formula:
        d  = m_hat / (sqrt(v_hat) + eps) + weight_decay W,  m and v as Adam
        W <- W - lr |W| / |d| d,  for each weight matrix and each bias vector; the ratio is 1 where a norm is 0

    Source: You et al., arXiv 1904.00962; optax.lamb, which like this rule does not bound |W| as the paper does.
    """

    name: Literal["lamb"] = "lamb"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-6
    weight_decay: Annotated[Amount, Field(description="factor of the weights, not the biases, in the step")] = 0.0
    update: ClassVar[CompiledFunction] = lamb
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 3
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
