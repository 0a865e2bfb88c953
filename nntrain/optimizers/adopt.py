"""ADOPT: Adam that normalizes a gradient before averaging it, by a mean square without that gradient."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Optimizer, Rate, rule, squared
from nntrain.registry import Positive


@rule
def adopt(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Normalize, clip and average; the first gradient only starts v. state[1] is (1 - beta2) v."""
    real = theta.dtype.type
    beta1, beta2, eps = hyper
    lr, least, bound = real(rate), real(eps), real((k - 1) ** 0.25)
    beta1, new1, beta2, new2, root2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2), np.sqrt(1 - beta2)
    to_v, root2 = real(1 / root2), real(root2)
    m, v = state[0], state[1]
    if k == 1:
        for i in range(start, stop):
            v[i] = squared(root2 * grad[i])
        return
    for i in range(start, stop):
        g = grad[i]
        normalized = g / max(np.sqrt(v[i]) * to_v, least)
        m[i] = beta1 * m[i] + new1 * min(max(normalized, -bound), bound)
        v[i] = beta2 * v[i] + new2 * squared(root2 * g)
        theta[i] -= lr * m[i]


class ADOPT(Optimizer):
    """Adam made to converge with any beta2: v does not contain the gradient that it divides.

    Formula:
        n      = clip(g / max(sqrt(v), eps), ±(k - 1)^¼)
        m     <- beta1 m + (1 - beta1) n
        v     <- beta2 v + (1 - beta2) g²
        theta <- theta - lr m;  the first step only sets v = g²

    Source: Taniguchi et al., arXiv 2411.02853; pytorch_optimizer.ADOPT, which clips to ±k^¼.
    """

    name: Literal["adopt"] = "adopt"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.9999
    eps: Annotated[Positive, Field(description="smallest root that a gradient is divided by")] = 1e-6
    update: ClassVar[CompiledFunction] = adopt
    state_rows: ClassVar[int] = 2
