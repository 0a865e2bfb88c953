"""Chunks of epochs, trained in one compiled call each, so that Python takes little time between short epochs."""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np

from nntrain.training.engine import Engine
from nntrain.training.events import Scores

CHUNK_SECONDS = 0.05  # time that a call should take
MAX_CHUNK_NUMBERS = 1_000_000  # size limit of the array of parameters after each epoch


def max_epochs(engine: Engine, seconds_per_step: float) -> int:
    """Return the maximum number of epochs in a chunk."""
    seconds = engine.plan.steps_per_epoch * seconds_per_step
    return min(int(CHUNK_SECONDS / seconds), MAX_CHUNK_NUMBERS // engine.theta.size)


class EpochEnd(NamedTuple):
    """The end of an epoch inside a chunk."""

    gradient: float  # the norm of its last gradient
    seconds: float  # from the start of the run to its end
    end: Callable[[], None]  # called if the run ends there


class EpochChunk:
    """Some epochs, trained in one call and measured in another.

    Attributes:
        start: the parameters before the first epoch.
        state: the optimizer's state before it.
        orders: the rows of each epoch (E, N).
        learning_rates: of each step (E, K).
        results: of each epoch; None if a number was not finite. The engine is then as it was before the chunk.
        scores: on the validation split after each epoch.
        seconds: spent on training and validation.
        seconds_per_step: of training alone.
    """

    def __init__(self, engine: Engine, first: int, step: int, count: int) -> None:
        plan = engine.plan
        self._engine, self._step = engine, step
        self.start, self.state = engine.theta.copy(), engine.state.copy()
        self.orders = np.stack([plan.order(first + e)[:] for e in range(count)])
        self.learning_rates = plan.learning_rates(step, first, count)
        began = perf_counter()
        self.results = engine.take_epochs(self.orders, step, self.learning_rates)
        self.seconds_per_step = max((perf_counter() - began) / self.learning_rates.size, 1e-7)
        self.scores: list[Scores | None] = [None] * count
        validation = engine.splits.get("validation")
        if self.results is None:
            self._restore()
        elif validation is not None:
            self.scores = list(engine.scores_of(self.results.epoch_thetas, validation))
        self.seconds = perf_counter() - began

    def set_weights_after(self, e: int) -> None:
        """Set the engine's parameters to those after epoch ``e`` of the chunk, but not its gradient or state."""
        assert self.results is not None  # noqa: S101 - otherwise the loop discards the chunk
        self._engine.theta[:] = self.results.epoch_thetas[e]

    def stop_after(self, e: int) -> None:
        """Set the engine to its full state after epoch ``e``, discarding later epochs."""
        if e < len(self.orders) - 1:
            self._restore()
            self._engine.take_epochs(self.orders[: e + 1], self._step, self.learning_rates[: e + 1])

    def _restore(self) -> None:
        self._engine.theta[:], self._engine.state[:] = self.start, self.state
