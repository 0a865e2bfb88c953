"""RAdam: Adam that starts without scaling, until its mean square is reliable."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects

RELIABLE_LENGTH = 5.0  # length of the moving average above which the variance of the step is finite


@kernel
def radam_step(theta, grad, m, v, beta1, beta2, eps, eps_hat, threshold, rate, k, start, stop):
    """Rectify the adaptive rate, or leave it out in the first steps."""
    real = theta.dtype.type
    longest = 2 / (1 - beta2) - 1
    power = beta2**k
    length = longest - 2 * k * power / (1 - power)
    lr_hat, correction = rate / (1 - beta1**k), np.sqrt(1 - power)
    adaptive = length > threshold
    if adaptive:
        variance = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        lr_hat *= np.sqrt(variance) * correction
    step, eps = real(lr_hat), real(eps if eps_hat != 0 else eps * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        theta[i] -= step * m[i] / (np.sqrt(v[i]) + eps) if adaptive else step * m[i]


@rule
def radam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Use the adaptive rate once its variance is finite."""
    beta1, beta2, eps, eps_hat = hyper
    m, v = state[0], state[1]
    radam_step(theta, grad, m, v, beta1, beta2, eps, eps_hat, RELIABLE_LENGTH, rate, k, start, stop)


class RAdam(Optimizer):
    """Rectified Adam: momentum alone at first, then Adam with a rate that grows as v becomes reliable.

    Formula:
        rho_k  = rho - 2 k beta2^k / (1 - beta2^k),  rho = 2 / (1 - beta2) - 1
        r_k    = sqrt((rho_k - 4)(rho_k - 2) rho / ((rho - 4)(rho - 2) rho_k))
        theta <- theta - lr r_k m_hat / (sqrt(v_hat) + eps)   if rho_k > 5
        theta <- theta - lr m_hat                             else

    torch adds eps to sqrt(v) here (eps_hat), optax to sqrt(v_hat).

    Source: Liu et al., arXiv 1908.03265; torch.optim.RAdam.
    """

    name: Literal["radam"] = "radam"
    dialect: Annotated[Literal["torch", "optax"], DIALECT] = "torch"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_hat: EpsHat = True
    update: ClassVar[CompiledFunction] = radam
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
    dialects: ClassVar[Dialects] = {"optax": {"eps_hat": False}}
