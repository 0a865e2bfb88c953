"""Schedules: how the learning rate changes during a run.

A schedule is a factor of the optimizer's ``lr`` as a function of k, which counts from 0. ``per`` says whether k counts
steps or epochs, a common reason why published runs cannot be reproduced. Any schedule can start with a warm-up.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import MAX_COUNT, Component, Count

Numbers = NDArray[np.float64]
Unit = Annotated[Literal["step", "epoch"], Field(description="what k counts")]
Length = Annotated[Count | None, Field(description="steps or epochs; null: the whole run")]
End = Annotated[float, Field(ge=0, le=1, description="final factor of lr")]


@dataclass(frozen=True)
class Span:
    """The planned length of a run."""

    steps: int
    epochs: int


class Policy(Protocol):
    """The state of a schedule that reacts to the loss, during one run."""

    factor: float  # of the rates that the schedule returns

    def record(self, loss: float) -> None:
        """Update the factor from the loss of an epoch."""


class Schedule(Component, family="schedule"):
    """The learning rate as a function of time."""

    per: Unit = "step"
    warmup: Annotated[
        int, Field(ge=0, le=MAX_COUNT, description="initial steps or epochs in which the rate rises to lr")
    ] = 0
    reacts: ClassVar[bool] = False  # whether it reacts to the loss, through `policy`

    def factors(self, steps: NDArray[np.int64], epochs: int | NDArray[np.int64], span: Span) -> Numbers:
        """Return the factor of the learning rate at each of ``steps`` (K), in ``epochs`` (one for all, or K).

        Both count from 0.
        """
        per_step = self.per == "step"
        k = (steps if per_step else np.broadcast_to(epochs, steps.shape)).astype(np.float64)
        length = span.steps if per_step else span.epochs
        warm = (k + 1) / (self.warmup + 1)
        return np.where(
            k < self.warmup, warm, self.factor(np.maximum(k - self.warmup, 0), max(length - self.warmup, 1))
        )

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the factor at each ``k``, counted from the end of the warm-up, in a run of ``length``."""
        raise NotImplementedError

    def policy(self) -> Policy:
        """Return a new policy, for a schedule that reacts to the loss."""
        raise NotImplementedError
