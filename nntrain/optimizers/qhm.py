"""QHM: quasi-hyperbolic momentum, a weighted mean of SGD and momentum."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, WeightDecay, rule


@rule
def qhm(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step along a weighted mean of the gradient and its moving average."""
    real = theta.dtype.type
    momentum, nu = hyper
    mu, new = real(momentum), real(1 - momentum)
    of_mean, of_gradient = real(rate * nu), real(rate * (1 - nu))
    m = state[0]
    for i in range(start, stop):
        g = grad[i]
        m[i] = mu * m[i] + new * g
        theta[i] -= of_mean * m[i] + of_gradient * g


class QHM(Optimizer):
    """Quasi-hyperbolic momentum: nu = 0 is SGD, nu = 1 is momentum, and nu = momentum is Nesterov momentum.

    Formula:
        m     <- momentum m + (1 - momentum) g
        theta <- theta - lr [nu m + (1 - nu) g]

    The defaults are the paper's recommendation; torch_optimizer's default momentum of 0 is plain SGD.

    Source: Ma and Yarats, arXiv 1810.06801; torch_optimizer.QHM.
    """

    name: Literal["qhm"] = "qhm"
    lr: Rate = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")] = 0.999
    nu: Annotated[float, Field(ge=0, le=1, description="weight of the mean gradient in the step")] = 0.7
    weight_decay: WeightDecay = 0.0
    update: ClassVar[CompiledFunction] = qhm
    lr_range: ClassVar[Range] = Range(0.001, 10)
    decoupled: ClassVar[bool] = True
    state_rows: ClassVar[int] = 1
