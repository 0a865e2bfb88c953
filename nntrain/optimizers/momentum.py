"""Momentum: steps along a velocity that sums up past gradients."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import VELOCITIES, Momentum, Optimizer, Range, Rate, ScaledVelocity, rule
from nntrain.registry import DIALECT, Dialects


@rule
def heavy_ball(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Add the gradient to the velocity and step along it; the learning rate scales one or the other."""
    real = theta.dtype.type
    momentum, dampening, scaled_velocity = hyper
    mu = real(momentum)
    new = 1.0 if k == 1 or mu == 0 else 1.0 - dampening  # torch dampens neither the first gradient nor plain SGD
    inside, outside = (real(rate * new), real(1)) if scaled_velocity != 0 else (real(new), real(rate))
    v = state[0]
    for i in range(start, stop):
        v[i] = mu * v[i] + inside * grad[i]
        theta[i] -= outside * v[i]


class HeavyBall(Optimizer):
    """Gradient descent with (heavy-ball) momentum.

    Formula:
        v     <- momentum v + (1 - dampening) g    v = g at the first step
        theta <- theta - lr v

    Without momentum there is no velocity, and dampening has no effect, as in torch.

    With scaled_velocity, v <- momentum v + lr g and theta <- theta - v, as in keras, scikit-learn and the slides of
    Korea University, Lan and Straka. Both are the same at a constant rate; where it changes, the velocity's past steps
    keep the rate they had.

    Source: Korea University, Larson, Lan, Straka; Polyak 1964; torch.optim.SGD.
    """

    name: Literal["momentum"] = "momentum"
    dialect: Annotated[Literal["torch", "keras", "scikit-learn", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    dampening: Annotated[
        float, Field(ge=0, lt=1, description="fraction of the gradient left out after the first step")
    ] = 0.0
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = heavy_ball
    lr_range: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = VELOCITIES
