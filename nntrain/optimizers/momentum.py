"""Momentum: a ball that rolls downhill and remembers where it was going."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import VELOCITIES, Momentum, Optimizer, Range, Rate, ScaledVelocity, rule
from nntrain.registry import DIALECT, Dialects


@rule
def heavy_ball(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Add the gradient to the velocity and step along it; the rate is a factor of one or the other."""
    real = theta.dtype.type
    mu = real(hyper[0])
    new = 1.0 if k == 1 or mu == 0 else 1.0 - hyper[1]  # torch dampens neither the first gradient nor plain SGD
    inside, outside = (real(rate * new), real(1)) if hyper[2] != 0 else (real(new), real(rate))
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

    With scaled_velocity the rate is inside, v <- momentum v + lr g and theta <- theta - v, as K, S, N, keras and
    scikit-learn have it: the same while the rate is constant; when it changes, old steps keep their old rate.

    Source: K, L, S, N; Polyak 1964; torch.optim.SGD.
    """

    name: Literal["momentum"] = "momentum"
    dialect: Annotated[Literal["torch", "keras", "scikit-learn", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    dampening: Annotated[float, Field(ge=0, lt=1, description="share of the gradient left out, but at step 1")] = 0.0
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = heavy_ball
    rates: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = VELOCITIES

    def hyper(self) -> tuple[float, ...]:
        """Return (momentum, dampening, scaled_velocity)."""
        return (self.momentum, self.dampening, self.scaled_velocity)
