"""RAdam: Adam that waits until it knows how large gradients are."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects

TRUSTED = 5.0  # the length of the mean from which on its variance is known well enough


@rule
def radam(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Rectify the adaptive rate, or leave it out in the first steps."""
    real = theta.dtype.type
    beta1, beta2, new1, root2 = real(hyper[0]), real(hyper[1]), real(1 - hyper[0]), real(np.sqrt(1 - hyper[1]))
    longest = 2 / (1 - hyper[1]) - 1
    power = hyper[1] ** k
    length = longest - 2 * k * power / (1 - power)
    lr_hat, correction = rate / (1 - hyper[0] ** k), np.sqrt(1 - power)
    adaptive = length > TRUSTED
    if adaptive:
        variance = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        lr_hat *= np.sqrt(variance) * correction
    step, eps = real(lr_hat), real(hyper[2] if hyper[3] != 0 else hyper[2] * correction)
    m, v = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        theta[i] -= step * m[i] / (np.sqrt(v[i]) + eps) if adaptive else step * m[i]


class RAdam(Optimizer):
    """Rectified Adam: momentum alone at first, and then Adam with a rate that grows as v becomes reliable.

    Formula:
        rho_k  = rho - 2 k beta2^k / (1 - beta2^k),  rho = 2 / (1 - beta2) - 1
        r_k    = sqrt((rho_k - 4)(rho_k - 2) rho / ((rho - 4)(rho - 2) rho_k))
        theta <- theta - lr r_k m_hat / (sqrt(v_hat) + eps)   if rho_k > 5
        theta <- theta - lr m_hat                             else

    Source: Liu et al., arXiv 1908.03265. torch has eps beside sqrt(v) here (eps_hat), optax beside sqrt(v_hat).
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
    dialects: ClassVar[Dialects] = {"optax": {"eps_hat": False}}

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps, eps_hat)."""
        return (self.beta1, self.beta2, self.eps, self.eps_hat)
