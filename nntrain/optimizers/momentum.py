"""Momentum: a ball that rolls downhill and remembers where it was going."""

from typing import ClassVar, Literal

from nntrain.kernels import Entry, entry
from nntrain.optimizers import RULE, Momentum, Optimizer, Rate


@entry(RULE)
def heavy_ball(theta, grad, state, hyper, rate, k):  # type: ignore[no-untyped-def]
    """Add the gradient to the velocity and step along it."""
    lr, mu = theta.dtype.type(rate), theta.dtype.type(hyper[0])
    v = state[0]
    for i in range(theta.size):
        v[i] = mu * v[i] + grad[i]
        theta[i] -= lr * v[i]


class HeavyBall(Optimizer):
    """Gradient descent with (heavy-ball) momentum.

    Formula:
        v     <- momentum v + g
        theta <- theta - lr v

    The learning rate is outside the velocity, as in torch and optax. K, S, N, keras and scikit-learn keep it inside,
    v <- momentum v - lr g: the same while the rate is constant; when it changes, theirs keeps old steps at the old
    rate.

    Source: K, S, N; Polyak 1964.
    """

    name: Literal["momentum"] = "momentum"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    update: ClassVar[Entry] = heavy_ball
    state_rows: ClassVar[int] = 1

    def hyper(self) -> tuple[float, ...]:
        """Return (momentum,)."""
        return (self.momentum,)
