"""A learning rate that is lowered when the loss stops falling."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.registry import MAX_COUNT
from nntrain.schedules import Numbers, Schedule


class ReduceOnPlateau(Schedule):
    """Lowers the rate when the validation loss, or without validation data the training loss, stops falling.

    Formula:
        lr <- lr lower,  if no loss was below best - threshold |best| for more than `patience` epochs

    torch compares with best (1 - threshold): the same for a positive loss, but above a negative one, which therefore
    never counts as a plateau in torch. keras' threshold is absolute.

    Source: Larson; torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    name: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    lower: Annotated[float, Field(gt=0, lt=1, description="factor of the rate")] = 0.1
    patience: Annotated[int, Field(ge=0, le=MAX_COUNT, description="epochs to wait without improvement")] = 10
    threshold: Annotated[
        float, Field(ge=0, lt=1, description="relative decrease of the loss that counts as improvement")
    ] = 1e-4
    least: Annotated[float, Field(ge=0, le=1, description="smallest factor of lr")] = 0.0
    reacts: ClassVar[bool] = True

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return ones: the policy lowers the rate."""
        return np.ones(k.size)

    def policy(self) -> "Plateau":
        """Return a new policy."""
        return Plateau(self)


@dataclass
class Plateau:
    """The state of :class:`ReduceOnPlateau` in one run."""

    schedule: ReduceOnPlateau
    best: float = inf
    waited: int = 0
    factor: float = 1.0

    def record(self, loss: float) -> None:
        """Update the factor from the loss of an epoch."""
        margin = self.schedule.threshold * abs(self.best) if isfinite(self.best) else 0.0
        if loss < self.best - margin:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.schedule.patience:
            self.factor, self.waited = max(self.factor * self.schedule.lower, self.schedule.least), 0
