"""The constant rate, and rates that fall."""

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

    Source: all decks.
    """

    name: Literal["constant"] = "constant"

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return ones."""
        return np.ones(k.size)

    def factors(self, steps: NDArray[np.int64], epochs: int | NDArray[np.int64], span: Span) -> Numbers:
        """Return ones at once, where there is no warm-up."""
        return super().factors(steps, epochs, span) if self.warmup else np.ones(steps.size)


class Cooling(Schedule):
    """Cooling: the rate falls off as 1/k, fast at first and slowly later.

    Formula:
        lr_k = lr / (1 + eps k)^power

    Source: L (power 1); keras' InverseTimeDecay, and the lr_decay of torch's Adagrad, count steps. scikit-learn's
    invscaling counts rows, an epoch's at once: power 0.5, per epoch, and eps the number of training rows.
    """

    name: Literal["cooling"] = "cooling"
    eps: Annotated[Amount, Field(description="how fast the rate falls: at k = 1/eps it is lr / 2^power")] = 0.01
    power: Annotated[Positive, Field(description="the larger, the faster")] = 1.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return 1 / (1 + eps·k)^power."""
        return 1 / (1 + self.eps * k) ** self.power


class Linear(Schedule):
    """A straight line down to a last rate, which is kept.

    Formula:
        a    = min(k / tau, 1)
        lr_k = (1 - a) lr + a end lr

    Source: S (eps_tau = end lr); torch.optim.lr_scheduler.LinearLR.
    """

    name: Literal["linear"] = "linear"
    tau: Length = None
    end: End = 0.01

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the line."""
        a = np.minimum(k / (self.tau or length), 1)
        return (1 - a) + a * self.end


class Step(Schedule):
    """A stair: the rate is multiplied by gamma every so often.

    Formula:
        lr_k = lr gamma^floor(k / every)

    Source: torch.optim.lr_scheduler.StepLR.
    """

    name: Literal["step"] = "step"
    every: Annotated[Count, Field(description="steps or epochs between two stairs")]
    gamma: Annotated[Positive, Field(description="factor of a stair")] = 0.1

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the stairs."""
        return np.asarray(self.gamma ** np.floor(k / self.every))


class Exponential(Schedule):
    """The rate is multiplied by gamma at every k.

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
    """A power of what is left of the run.

    Formula:
        lr_k = lr [(1 - end) (1 - min(k / tau, 1))^power + end]

    Source: keras.optimizers.schedules.PolynomialDecay; torch's PolynomialLR with end 0.
    """

    name: Literal["polynomial"] = "polynomial"
    tau: Length = None
    power: Annotated[Positive, Field(description="1 is a straight line")] = 2.0
    end: End = 0.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the power."""
        left = 1 - np.minimum(k / (self.tau or length), 1)
        return np.asarray((1 - self.end) * left**self.power + self.end)
