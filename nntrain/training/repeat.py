"""A run repeated up to one of its epochs: its state there is a function of its recipe and an earlier state."""

from collections.abc import Callable
from copy import deepcopy

from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event, Started, StepsDone, Stopped
from nntrain.training.loop import train
from nntrain.training.loop_state import LoopState
from nntrain.training.state import TrainingState


def initial_state(engine: Engine) -> TrainingState:
    """Return the state before the first step, with the engine's parameters."""
    return deepcopy(LoopState(engine, 0, lambda: False).snapshot())


def state_after(
    engine: Engine, epoch: int, start: TrainingState | None, see: Callable[[Event], None] = lambda event: None
) -> TrainingState | None:
    """Train up to the end of an epoch, and return the state there; None if the run ends before.

    Args:
        engine: of the run. Without ``start``, it has the run's initial parameters.
        epoch: the epoch.
        start: the state after an earlier epoch, or the same one; None for the initial state.
        see: called with the events of the training.
    """
    if start is None:
        start = initial_state(engine)
    if start.epoch == epoch and not start.losses.size:
        return start
    end = _End(epoch)
    for event in train(engine, lambda: end.reached, checkpoints=end, resumed=start):
        if isinstance(event, Started | StepsDone | EpochEnded):
            see(event)
        if isinstance(event, EpochEnded):
            end.reached = event.epoch == epoch
    return end.state


class _End:
    """Takes the state after an epoch."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self.reached = False
        self.state: TrainingState | None = None

    def epochs_ahead(self, epoch: int) -> int | None:
        """Return how far away it is."""
        return max(self._epoch - epoch, 1)

    def due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
        """Return whether the epoch has just ended."""
        return complete and epoch == self._epoch and stopped is not Stopped.DIVERGED

    def save(self, state: TrainingState) -> None:
        """Keep a copy."""
        self.state = deepcopy(state)
