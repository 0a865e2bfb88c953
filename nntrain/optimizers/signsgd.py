"""signSGD and Signum: the sign of the gradient, or of its moving average."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, Range, Rate, rule


@rule
def signsgd(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step by the sign of the mean gradient."""
    real = theta.dtype.type
    (momentum,) = hyper
    mu, new, lr = real(momentum), real(1 - momentum), real(rate)
    m = state[0]
    for i in range(start, stop):
        m[i] = mu * m[i] + new * grad[i]
        theta[i] -= lr * np.sign(m[i])


class SignSGD(Optimizer):
    """Sign descent: all steps have the same length. With momentum it is called Signum.

    Formula:
        m     <- momentum m + (1 - momentum) g
        theta <- theta - lr sign(m)

    Source: Bernstein et al., arXiv 1802.04434; pytorch_optimizer.SignSGD.
    """

    name: Literal["signsgd"] = "signsgd"
    lr: Rate = 0.001
    momentum: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")] = 0.9
    update: ClassVar[CompiledFunction] = signsgd
    lr_range: ClassVar[Range] = Range(1e-5, 1e-2)
    state_rows: ClassVar[int] = 1
