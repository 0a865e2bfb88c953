"""The state of a run between two steps. A run that is resumed from it gives the same bytes as an uninterrupted one.

Random numbers need no state: they are a function of (seed, epoch, step).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.schedules import Policy
from nntrain.training.divergence import Growth
from nntrain.training.events import Stopped
from nntrain.training.stopping import Best


@dataclass(frozen=True)
class TrainingState:
    """Everything that the next step and the result of the run depend on.

    Attributes:
        epoch: number of complete epochs.
        step: number of steps (or evaluations) of the run so far.
        seconds: time since the first step.
        clipped: number of steps whose gradient was clipped.
        theta: parameters and running averages.
        optimizer: state vectors of optimizer, Lookahead and averaging (S, as long as theta).
        losses: the losses of the steps of the epoch that is not complete.
        epoch_seconds: time that these steps took.
        best: the best weights so far.
        growth: how far the training loss has grown.
        plateau: how far the schedule has lowered the learning rate; None for other schedules.
    """

    epoch: int
    step: int
    seconds: float
    clipped: int
    theta: NDArray[Any]
    optimizer: NDArray[Any]
    losses: NDArray[np.float64]
    epoch_seconds: float
    best: Best
    growth: Growth
    plateau: Policy | None


class Checkpoints(Protocol):
    """Saves the state of a run now and then."""

    def epochs_ahead(self, epoch: int) -> int | None:
        """Return how many epochs after ``epoch`` a state is to be saved; None: by time alone."""

    def due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
        """Return whether to save the state after ``epoch`` epochs or, unless ``complete``, within the next one."""

    def save(self, state: TrainingState) -> None:
        """Save a state; its arrays change after this returns."""
