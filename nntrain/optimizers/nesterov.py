"""Nesterov momentum: look where the velocity leads before correcting it."""

from typing import ClassVar, Literal

from nntrain.kernels import Entry, entry
from nntrain.optimizers import RULE, Momentum, Optimizer, Rate


@entry(RULE)
def nesterov(theta, grad, state, hyper, rate, k):  # type: ignore[no-untyped-def]
    """Step along the velocity as it will be after one more look at this gradient."""
    lr, mu = theta.dtype.type(rate), theta.dtype.type(hyper[0])
    v = state[0]
    for i in range(theta.size):
        v[i] = mu * v[i] + grad[i]
        theta[i] -= lr * (grad[i] + mu * v[i])


class Nesterov(Optimizer):
    """Gradient descent with Nesterov momentum.

    Formula:
        v     <- momentum v + g
        theta <- theta - lr (g + momentum v)

    This is the rewritten form that torch, keras, optax and scikit-learn all use: the gradient is taken at theta, and
    the stored theta is the lectures' look-ahead point theta - lr·momentum·v. As with momentum, keras and scikit-learn
    keep the rate inside the velocity.

    Source: S, N; Nesterov 1983; rewritten by Bengio et al., arXiv 1212.0901.
    """

    name: Literal["nesterov"] = "nesterov"
    lr: Rate = 0.01
    momentum: Momentum = 0.9
    update: ClassVar[Entry] = nesterov
    state_rows: ClassVar[int] = 1

    def hyper(self) -> tuple[float, ...]:
        """Return (momentum,)."""
        return (self.momentum,)
