"""DiffGrad: Adam with shorter steps where the gradient changes little."""

from typing import ClassVar, Literal

import numpy as np

from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared


@rule
def diffgrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Multiply Adam's step by the sigmoid of the gradient's absolute change."""
    real = theta.dtype.type
    beta1, beta2, eps = hyper
    step, eps, one = real(rate * np.sqrt(1 - beta2**k) / (1 - beta1**k)), real(eps), real(1)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, last = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        friction = one / (one + exp(-abs(last[i] - g)))
        last[i] = g
        theta[i] -= step * friction * m[i] / (np.sqrt(v[i]) + eps)


class DiffGrad(Optimizer):
    """Adam with a friction coefficient: ½ where the gradient has not changed, up to 1 where it has changed much.

    Formula:
        m, v as Adam
        xi     = 1 / (1 + exp(-|g_k - g_(k-1)|)),  g_0 = 0
        theta <- theta - lr xi sqrt(1 - beta2^k) / (1 - beta1^k) m / (sqrt(v) + eps)

    torch_optimizer, like this rule, adds eps to sqrt(v), the paper to sqrt(v_hat).

    Source: Dubey et al., arXiv 1909.11015; torch_optimizer.DiffGrad.
    """

    name: Literal["diffgrad"] = "diffgrad"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    update: ClassVar[CompiledFunction] = diffgrad
    state_rows: ClassVar[int] = 3
