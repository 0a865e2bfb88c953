"""QHAdam: Adam with quasi-hyperbolic means."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, WeightDecay, rule, squared

Nu1 = Annotated[float, Field(ge=0, le=1, description="weight of the mean gradient, against the current gradient")]
Nu2 = Annotated[float, Field(ge=0, le=1, description="weight of the mean square, against the current square")]


@kernel
def qhadam_step(theta, grad, m, v, beta1, beta2, eps, nu1, nu2, rate, k, start, stop):
    """Update theta.

    The state m and v is stored without bias correction. With nu2 = 1, v is not corrected under the root either, so that
    it does not overflow before Adam's would.
    """
    real = theta.dtype.type
    correction = np.sqrt(1 - beta2**k)
    of_mean, of_gradient = real(rate * nu1 / (1 - beta1**k)), real(rate * (1 - nu1))
    of_v, of_square, eps = real(nu2 / (1 - beta2**k)), real(np.sqrt(1 - nu2)), real(eps)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    if nu2 == 1:  # as Adam
        of_mean, of_gradient = real(of_mean * correction), real(of_gradient * correction)
        of_v, eps = real(1), real(eps * correction)
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        root = np.sqrt(of_v * v[i] + squared(of_square * g))
        theta[i] -= (of_mean * m[i] + of_gradient * g) / (root + eps)


@rule
def qhadam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Mix m_hat with the gradient and v_hat with its square."""
    beta1, beta2, eps, nu1, nu2 = hyper
    qhadam_step(theta, grad, state[0], state[1], beta1, beta2, eps, nu1, nu2, rate, k, start, stop)


class QHAdam(Optimizer):
    """Quasi-hyperbolic Adam: nu1 = nu2 = 1 is Adam, nu1 = beta1 is like NAdam.

    Formula:
        m, v as Adam
        theta <- theta - lr [nu1 m_hat + (1 - nu1) g] / (sqrt(nu2 v_hat + (1 - nu2) g²) + eps)

    The defaults are the paper's recommendation; those of torch_optimizer (nu1 = 1, beta1 = 0.9) are plain Adam.

    Source: Ma and Yarats, arXiv 1810.06801; torch_optimizer.QHAdam.
    """

    name: Literal["qhadam"] = "qhadam"
    lr: Rate = 0.001
    beta1: Beta1 = 0.995
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    nu1: Nu1 = 0.7
    nu2: Nu2 = 1.0
    weight_decay: WeightDecay = 0.0
    update: ClassVar[CompiledFunction] = qhadam
    decoupled: ClassVar[bool] = True
    state_rows: ClassVar[int] = 2
