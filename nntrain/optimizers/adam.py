"""Adam: a step for each parameter, scaled by how large its gradients have been."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.kernels import Entry, entry
from nntrain.optimizers import RULE, Optimizer, Rate


@entry(RULE)
def adam(theta, grad, state, hyper, rate, k):  # type: ignore[no-untyped-def]
    """Fold the bias corrections into two factors, so that the loop divides once."""
    real = theta.dtype.type
    beta1, beta2, eps = real(hyper[0]), real(hyper[1]), real(hyper[2])
    new1, new2 = real(1 - hyper[0]), real(1 - hyper[1])
    lr_hat = real(rate / (1 - hyper[0] ** k))
    root_hat = real(1 / np.sqrt(1 - hyper[1] ** k))
    m, v = state[0], state[1]
    for i in range(theta.size):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + new2 * g * g
        theta[i] -= lr_hat * m[i] / (np.sqrt(v[i]) * root_hat + eps)


class Adam(Optimizer):
    """Adaptive moment estimation.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- beta2 v + (1 - beta2) g²
        m_hat  = m / (1 - beta1^k)
        v_hat  = v / (1 - beta2^k)
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps)

    epsilon stands outside the root and beside v_hat, as in the paper, torch and optax; keras and scikit-learn put it
    beside sqrt(v), which makes it 1/sqrt(1 - beta2^k) times larger (32 times at k = 1). K's slides divide by 1 - beta
    without the exponent, a misprint.

    Source: K, L, S, N; Kingma and Ba, arXiv 1412.6980.
    """

    name: Literal["adam"] = "adam"
    lr: Rate = 0.001
    beta1: Annotated[float, Field(ge=0, lt=1, description="share of the mean gradient that is kept")] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, description="share of the mean square that is kept")] = 0.999
    eps: Annotated[float, Field(ge=0, description="added to the root, so that it is never zero")] = 1e-8
    update: ClassVar[Entry] = adam
    state_rows: ClassVar[int] = 2

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps)."""
        return (self.beta1, self.beta2, self.eps)
