"""Schedules: how the learning rate changes while a run goes on.

A schedule is a factor on the optimizer's ``lr``, as a function of k, which counts from 0; ``per`` says whether it
counts steps or epochs, the commonest reason why a published run cannot be repeated. A warm-up can go before any.
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
End = Annotated[float, Field(ge=0, le=1, description="the last factor")]


@dataclass(frozen=True)
class Span:
    """How long a run is to be."""

    steps: int
    epochs: int


class Policy(Protocol):
    """What a schedule that reacts to the loss keeps during one run."""

    factor: float  # on the rates that the schedule gives

    def see(self, loss: float) -> None:
        """Take in the loss of an epoch."""


class Schedule(Component, family="schedule"):
    """The learning rate as a function of time."""

    per: Unit = "step"
    warmup: Annotated[
        int, Field(ge=0, le=MAX_COUNT, description="steps or epochs of a rate that rises to lr first")
    ] = 0
    reacts: ClassVar[bool] = False  # to the loss, by `policy`

    def factors(self, steps: NDArray[np.int64], epochs: int | NDArray[np.int64], span: Span) -> Numbers:
        """Return the factor on the learning rate at each of ``steps`` (K), which belong to ``epochs``: one or (K).

        Both are counted from 0.
        """
        per_step = self.per == "step"
        k = (steps if per_step else np.broadcast_to(epochs, steps.shape)).astype(np.float64)
        length = span.steps if per_step else span.epochs
        warm = (k + 1) / (self.warmup + 1)
        return np.where(
            k < self.warmup, warm, self.factor(np.maximum(k - self.warmup, 0), max(length - self.warmup, 1))
        )

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the factor at each ``k``, after the warm-up, of a run of ``length``."""
        raise NotImplementedError

    def policy(self) -> Policy:
        """Return what looks at the loss of each epoch, for a schedule that reacts to it."""
        raise NotImplementedError
