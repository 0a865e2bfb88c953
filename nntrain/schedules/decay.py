"""Constant and falling learning rates."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import Amount, Count, Positive
from nntrain.schedules import End, Length, Numbers, Schedule, Span


class Constant(Schedule):
    """The same learning rate throughout.

    Formula:
        lr_k = lr

    Source: all lectures.
    """

    name: Literal["constant"] = "constant"

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return ones."""
        return np.ones(k.size)

    def factors(self, steps: NDArray[np.int64], epochs: int | NDArray[np.int64], span: Span) -> Numbers:
        """Return ones; without a warm-up, skip the general computation."""
        return super().factors(steps, epochs, span) if self.warmup else np.ones(steps.size)


class InverseTimeDecay(Schedule):
    """Inverse time decay: the rate falls as 1/k, fast at first and slowly later. `cooling` is an alias.

    Formula:
        lr_k = lr / (1 + eps k)^power

    keras' InverseTimeDecay and the lr_decay of torch's Adagrad count steps. scikit-learn's invscaling counts samples,
    epoch by epoch: use power 0.5, per epoch, and the number of training samples for eps.

    Source: Larson, who calls it cooling (power 1); keras.optimizers.schedules.InverseTimeDecay.
    """

    name: Literal["inverse_time_decay", "cooling"] = "inverse_time_decay"
    eps: Annotated[Amount, Field(description="speed of the decay: the rate is lr / 2^power at k = 1/eps")] = 0.01
    power: Annotated[Positive, Field(description="exponent: larger values decay faster")] = 1.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return 1 / (1 + eps·k)^power."""
        return 1 / (1 + self.eps * k) ** self.power


class Linear(Schedule):
    """Linear decay to a final rate, which is kept.

    Formula:
        a    = min(k / tau, 1)
        lr_k = (1 - a) lr + a end lr

    Source: Lan (eps_tau = end lr); torch.optim.lr_scheduler.LinearLR.
    """

    name: Literal["linear"] = "linear"
    tau: Length = None
    end: End = 0.01

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the linear decay."""
        a = np.minimum(k / (self.tau or length), 1)
        return (1 - a) + a * self.end


class Step(Schedule):
    """Step decay: the rate is multiplied by gamma at regular intervals.

    Formula:
        lr_k = lr gamma^floor(k / every)

    Source: torch.optim.lr_scheduler.StepLR.
    """

    name: Literal["step"] = "step"
    every: Annotated[Count, Field(description="steps or epochs between two changes")]
    gamma: Annotated[Positive, Field(description="factor of each change")] = 0.1

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the powers of gamma."""
        return np.asarray(self.gamma ** np.floor(k / self.every))


class Exponential(Schedule):
    """Exponential decay: the rate is multiplied by gamma in each step or epoch.

    Formula:
        lr_k = lr gamma^k

    Source: torch.optim.lr_scheduler.ExponentialLR.
    """

    name: Literal["exponential"] = "exponential"
    gamma: Annotated[Positive, Field(description="factor of each step or epoch")] = 0.999

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the powers of gamma."""
        return np.asarray(self.gamma**k)


class Polynomial(Schedule):
    """Polynomial decay: a power of the remaining fraction of the run.

    Formula:
        lr_k = lr [(1 - end) (1 - min(k / tau, 1))^power + end]

    Source: keras.optimizers.schedules.PolynomialDecay; torch's PolynomialLR with end 0.
    """

    name: Literal["polynomial"] = "polynomial"
    tau: Length = None
    power: Annotated[Positive, Field(description="exponent: 1 is linear")] = 2.0
    end: End = 0.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the polynomial."""
        remaining = 1 - np.minimum(k / (self.tau or length), 1)
        return np.asarray((1 - self.end) * remaining**self.power + self.end)
