"""A rate that is lowered when the loss stops falling."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.registry import MAX_COUNT
from nntrain.schedules import Numbers, Schedule


class ReduceOnPlateau(Schedule):
    """The rate is lowered when the loss has stopped falling: validation's, or training's where there is none.

    Formula:
        lr <- lr lower,  when for more than `patience` epochs no loss was below best - threshold |best|

    torch compares with best (1 - threshold), which is the same for a positive loss. For a negative one that is above
    the best loss, so that torch never lowers the rate there. keras' threshold is absolute.

    Source: L; torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    name: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    lower: Annotated[float, Field(gt=0, lt=1, description="factor")] = 0.1
    patience: Annotated[int, Field(ge=0, le=MAX_COUNT, description="epochs to wait without improvement")] = 10
    threshold: Annotated[
        float, Field(ge=0, lt=1, description="relative decrease of the loss that counts as improvement")
    ] = 1e-4
    least: Annotated[float, Field(ge=0, le=1, description="smallest factor on lr")] = 0.0
    reacts: ClassVar[bool] = True

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return ones: what lowers the rate is the policy."""
        return np.ones(k.size)

    def policy(self) -> "Plateau":
        """Return what looks at the loss of each epoch."""
        return Plateau(self)


@dataclass
class Plateau:
    """How far :class:`ReduceOnPlateau` has lowered the rate in one run."""

    schedule: ReduceOnPlateau
    best: float = inf
    waited: int = 0
    factor: float = 1.0

    def see(self, loss: float) -> None:
        """Take in the loss of an epoch."""
        margin = self.schedule.threshold * abs(self.best) if isfinite(self.best) else 0.0
        if loss < self.best - margin:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.schedule.patience:
            self.factor, self.waited = max(self.factor * self.schedule.lower, self.schedule.least), 0
