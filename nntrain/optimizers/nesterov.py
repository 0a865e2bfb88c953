"""Nesterov momentum: the gradient at the point that the velocity leads to."""

from typing import Annotated, ClassVar, Literal

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import VELOCITIES, Momentum, Optimizer, Range, Rate, ScaledVelocity, rule
from nntrain.registry import DIALECT, Dialects


@rule
def nesterov(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Update the velocity v, then step along g + momentum v."""
    real = theta.dtype.type
    momentum, scaled_velocity = hyper
    mu = real(momentum)
    inside, outside = (real(rate), real(1)) if scaled_velocity != 0 else (real(1), real(rate))
    v = state[0]
    for i in range(start, stop):
        g = inside * grad[i]
        v[i] = mu * v[i] + g
        theta[i] -= outside * (g + mu * v[i])


class Nesterov(Optimizer):
    """Gradient descent with Nesterov momentum.

    Formula:
        v     <- momentum v + g
        theta <- theta - lr (g + momentum v)

    torch, keras, optax and scikit-learn all use this rewritten form: the gradient is taken at theta, and the stored
    theta is the look-ahead point theta - lr·momentum·v of the lectures. With scaled_velocity the learning rate is
    inside the velocity, as in keras, scikit-learn and the slides of Korea University, Lan and Straka.

    Source: Larson, Lan, Straka; Nesterov 1983; rewritten by Bengio et al., arXiv 1212.0901.
    """

    name: Literal["nesterov"] = "nesterov"
    dialect: Annotated[Literal["torch", "keras", "scikit-learn", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = nesterov
    lr_range: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = VELOCITIES
