"""AccSGD: accelerated stochastic gradient descent for ill-conditioned problems."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule
from nntrain.registry import MAX_REAL, Positive


@rule
def accsgd(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Mix a short step with an average of long steps, which starts from the initial weights."""
    real = theta.dtype.type
    kappa, xi, small_const = hyper
    beta = small_const * small_const * xi / kappa
    follow, mix = real(beta), real(beta / (small_const + beta))  # mix = 1 - zeta
    short, long = real(rate), real(beta * rate * kappa / small_const)
    w = state[0]
    if k == 1:
        for i in range(start, stop):
            w[i] = theta[i]
    for i in range(start, stop):
        g = grad[i]
        w[i] += follow * (theta[i] - w[i]) - long * g
        theta[i] -= short * g
        theta[i] += mix * (w[i] - theta[i])


class AccSGD(Optimizer):
    """Accelerated SGD: a short step for stability, and an average of long steps for speed.

    Formula:
        beta   = xi small_const² / kappa,  zeta = small_const / (small_const + beta)
        w     <- w + beta (theta - w) - beta lr kappa / small_const g;  w = theta at first
        theta <- zeta (theta - lr g) + (1 - zeta) w

    Source: Kidambi et al., arXiv 1803.05591; Jain et al., arXiv 1704.08227; torch_optimizer.AccSGD.
    """

    name: Literal["accsgd"] = "accsgd"
    lr: Rate = 0.001
    kappa: Annotated[float, Field(gt=1, le=MAX_REAL, description="ratio of the long to the short step")] = 1000.0
    xi: Annotated[Positive, Field(description="statistical advantage: at most sqrt(kappa)")] = 10.0
    small_const: Annotated[float, Field(gt=0, le=1, description="constant of the method, at most 1")] = 0.7
    update: ClassVar[CompiledFunction] = accsgd
    lr_range: ClassVar[Range] = Range(1e-4, 1)
    state_rows: ClassVar[int] = 1
