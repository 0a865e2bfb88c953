"""Schedules: how the learning rate changes while a run goes on.

A schedule is a factor on the optimizer's ``lr``, as a function of k; each says itself whether its k counts steps or
epochs, the commonest reason why a published run cannot be repeated.
"""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import Component


class Schedule(Component, family="schedule"):
    """The learning rate as a function of time."""

    def factors(self, steps: NDArray[np.int64], epoch: int) -> NDArray[np.float64]:
        """Return the factor on the learning rate at each of ``steps`` (counted from 0) of ``epoch`` (from 0)."""
        raise NotImplementedError


class Constant(Schedule):
    """The same learning rate throughout.

    Formula:
        lr_k = lr

    Source: all decks.
    """

    name: Literal["constant"] = "constant"

    def factors(self, steps: NDArray[np.int64], epoch: int) -> NDArray[np.float64]:
        """Return ones."""
        return np.ones(steps.size)


class Cooling(Schedule):
    """Cooling: the rate falls off as 1/k, fast at first and slowly later.

    Formula:
        lr_k = lr / (1 + eps k),  k = steps or epochs done, as `per` says

    Source: L; keras' InverseTimeDecay, and the lr_decay of torch's Adagrad, count steps.
    """

    name: Literal["cooling"] = "cooling"
    eps: Annotated[float, Field(ge=0, description="how fast the rate falls: at k = 1/eps it has halved")] = 0.01
    per: Annotated[Literal["step", "epoch"], Field(description="what k counts")] = "step"

    def factors(self, steps: NDArray[np.int64], epoch: int) -> NDArray[np.float64]:
        """Return 1 / (1 + eps·k) at each step."""
        k = steps if self.per == "step" else np.full(steps.size, epoch)
        return np.asarray(1 / (1 + self.eps * k), np.float64)
