"""Nesterov momentum: look where the velocity leads before correcting it."""

from typing import Annotated, ClassVar, Literal

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import VELOCITIES, Momentum, Optimizer, Range, Rate, ScaledVelocity, rule
from nntrain.registry import DIALECT, Dialects


@rule
def nesterov(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Step along the velocity as it will be after one more look at this gradient."""
    real = theta.dtype.type
    mu = real(hyper[0])
    inside, outside = (real(rate), real(1)) if hyper[1] != 0 else (real(1), real(rate))
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

    This is the rewritten form that torch, keras, optax and scikit-learn all use: the gradient is taken at theta, and
    the stored theta is the lectures' look-ahead point theta - lr·momentum·v. With scaled_velocity the rate is inside
    the velocity, as in K, S, N, keras and scikit-learn.

    Source: L, S, N; Nesterov 1983; rewritten by Bengio et al., arXiv 1212.0901.
    """

    name: Literal["nesterov"] = "nesterov"
    dialect: Annotated[Literal["torch", "keras", "scikit-learn", "optax", "lecture"], DIALECT] = "torch"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    scaled_velocity: ScaledVelocity = False
    update: ClassVar[CompiledFunction] = nesterov
    rates: ClassVar[Range] = Range(0.0001, 1)
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = VELOCITIES

    def hyper(self) -> tuple[float, ...]:
        """Return (momentum, scaled_velocity)."""
        return (self.momentum, self.scaled_velocity)
