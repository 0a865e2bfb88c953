"""AMSGrad: Adam whose scaling only ever shrinks the steps."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, Optimizer, Rate, rule, squared
from nntrain.registry import DIALECT, Dialects


@rule
def amsgrad(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Keep the largest mean square so far, before or after its bias correction."""
    real = theta.dtype.type
    beta1, beta2, new1, root2 = real(hyper[0]), real(hyper[1]), real(1 - hyper[0]), real(np.sqrt(1 - hyper[1]))
    correction = np.sqrt(1 - hyper[1] ** k)
    before, after = (real(1 / (1 - hyper[1] ** k)), 1.0) if hyper[4] != 0 else (real(1), correction)
    step = real(rate * after / (1 - hyper[0] ** k))
    eps = real((hyper[2] / correction if hyper[3] != 0 else hyper[2]) * after)
    m, v, largest = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        largest[i] = max(largest[i], v[i] * before)
        theta[i] -= step * m[i] / (np.sqrt(largest[i]) + eps)


class AMSGrad(Optimizer):
    """Adam with the largest mean square so far in place of the present one.

    Formula:
        m, v as Adam
        u     <- max(u, v)
        theta <- theta - lr m_hat / (sqrt(u / (1 - beta2^k)) + eps)

    optax takes the maximum over v_hat (corrected). The paper corrects neither m nor v.

    Source: Reddi et al. 2018; torch.optim.Adam(amsgrad=True).
    """

    name: Literal["amsgrad"] = "amsgrad"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_hat: EpsHat = False
    corrected: Annotated[bool, Field(description="whether the maximum is over v_hat and not over v")] = False
    update: ClassVar[CompiledFunction] = amsgrad
    state_rows: ClassVar[int] = 3
    dialects: ClassVar[Dialects] = {"keras": {"eps": 1e-7, "eps_hat": True}, "optax": {"corrected": True}}

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps, eps_hat, corrected)."""
        return (self.beta1, self.beta2, self.eps, self.eps_hat, self.corrected)
