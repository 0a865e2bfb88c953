"""AggMo: the mean of several velocities with different momentum."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule

Decay = Annotated[float, Field(ge=0, lt=1, description="decay factor of a velocity")]


@rule
def aggmo(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Update each velocity and step along their mean."""
    real = theta.dtype.type
    beta1, beta2, beta3 = hyper
    beta1, beta2, beta3, lr = real(beta1), real(beta2), real(beta3), real(rate / 3)
    v1, v2, v3 = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        v1[i] = beta1 * v1[i] + g
        v2[i] = beta2 * v2[i] + g
        v3[i] = beta3 * v3[i] + g
        theta[i] -= lr * (v1[i] + v2[i] + v3[i])


class AggMo(Optimizer):
    """Aggregated momentum: velocities with little momentum damp the oscillations of those with much.

    Formula:
        v_j   <- beta_j v_j + g               j = 1, 2, 3
        theta <- theta - lr (v_1 + v_2 + v_3) / 3

    torch_optimizer takes any number of velocities; three, with these defaults, are what the paper recommends.

    Source: Lucas et al., arXiv 1804.00325; torch_optimizer.AggMo.
    """

    name: Literal["aggmo"] = "aggmo"
    lr: Rate = 0.001
    beta1: Decay = 0.0
    beta2: Decay = 0.9
    beta3: Decay = 0.99
    update: ClassVar[CompiledFunction] = aggmo
    lr_range: ClassVar[Range] = Range(1e-4, 1)
    state_rows: ClassVar[int] = 3
