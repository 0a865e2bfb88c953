"""AdaMax: Adam with the largest recent gradient in place of the root mean square."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Optimizer, Rate, rule
from nntrain.registry import DIALECT, Amount, Dialects


@rule
def adamax(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Divide by a decaying maximum."""
    real = theta.dtype.type
    beta1, beta2, eps, eps_max = hyper
    lr_hat, eps, eps_max = real(rate / (1 - beta1**k)), real(eps), real(eps_max)
    beta1, new1, beta2 = real(beta1), real(1 - beta1), real(beta2)
    m, u = state[0], state[1]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        u[i] = max(beta2 * u[i], abs(g) + eps_max)
        if u[i] + eps > 0:  # it is 0 for a dead unit if eps and eps_max are 0
            theta[i] -= lr_hat * m[i] / (u[i] + eps)


class AdaMax(Optimizer):
    """Adam with the infinity norm.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        u     <- max(beta2 u, |g| + eps_max)
        theta <- theta - lr m_hat / (u + eps)

    The paper has no eps. torch and optax add it inside the maximum, keras adds it to u.

    Source: Kingma and Ba, arXiv 1412.6980, section 7.
    """

    name: Literal["adamax"] = "adamax"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    lr: Rate = 0.002
    beta1: Beta1 = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the maximum")] = 0.999
    eps: Annotated[Amount, Field(description="added to the maximum")] = 0.0
    eps_max: Annotated[Amount, Field(description="added to |g| inside the maximum")] = 1e-8
    update: ClassVar[CompiledFunction] = adamax
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1"}
    dialects: ClassVar[Dialects] = {"keras": {"lr": 0.001, "eps": 1e-7, "eps_max": 0.0}, "optax": {}}
