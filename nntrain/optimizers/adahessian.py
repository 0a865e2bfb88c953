"""AdaHessian: Adam scaled by the curvature instead of the size of the gradient."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Eps, Optimizer, Range, Rate, rule, squared


@rule
def adahessian(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Divide the mean gradient by a power of the root mean square of the Hessian's diagonal."""
    real = theta.dtype.type
    beta1, beta2, eps, hessian_power = hyper
    step = real(rate / (1 - beta1**k))
    scale, eps, hessian_power = real((1 - beta2**k) ** (-0.5 * hessian_power)), real(eps), real(0.5 * hessian_power)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, diagonal = state[0], state[1], state[2]
    for i in range(start, stop):
        m[i] = beta1 * m[i] + new1 * grad[i]
        v[i] = beta2 * v[i] + squared(root2 * diagonal[i])
        denominator = scale * v[i] ** hessian_power + eps
        if denominator > 0:
            theta[i] -= step * m[i] / denominator


class AdaHessian(Optimizer):
    """Adam with the Hessian's diagonal D, estimated from a random vector z, in place of the gradient in v.

    Formula:
        D      = z (H z),  each z_i is 1 or -1, and H is the Hessian of the batch's loss
        m     <- beta1 m + (1 - beta1) g
        v     <- beta2 v + (1 - beta2) D²
        theta <- theta - lr m_hat / (sqrt(v_hat)^hessian_power + eps),  m_hat and v_hat as Adam

    With hessian_power 1 it divides by the curvature itself, as Newton's method does. H z is exact, by the R-operator:
    one more pass forward and backward. Normalization and dropout have no formula for it, and are refused.

    Source: Yao et al., arXiv 2006.00719; torch_optimizer.Adahessian. Products with H: Pearlmutter 1994.
    """

    name: Literal["adahessian"] = "adahessian"
    lr: Rate = 0.1
    beta1: Beta1 = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean squared diagonal")] = 0.999
    eps: Eps = 1e-4
    hessian_power: Annotated[float, Field(ge=0, le=1, description="power of the curvature: 0 is a plain mean")] = 0.5
    update: ClassVar[CompiledFunction] = adahessian
    curvature_row: ClassVar[int | None] = 2
    lr_range: ClassVar[Range] = Range(1e-3, 1)
    state_rows: ClassVar[int] = 3
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
