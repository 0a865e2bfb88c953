"""Epochs that are trained several in one call: Python, and what looks at each epoch, then cost next to nothing."""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np

from nntrain.training.engine import Engine
from nntrain.training.events import Scores

SECONDS, NUMBERS = 0.05, 1_000_000  # that a call lasts about, and of the parameters that it returns


def most(engine: Engine, seconds_per_step: float) -> int:
    """Return how many epochs a call may train."""
    seconds = engine.plan.steps_per_epoch * seconds_per_step
    return min(int(SECONDS / seconds), NUMBERS // engine.theta.size)


class Ending(NamedTuple):
    """What is known of an epoch in the middle of a block."""

    gradient: float  # the norm of its last gradient
    seconds: float  # when it ended, since the run began
    end: Callable[[], None]  # to be called if the run ends there


class Block:
    """Some epochs, trained in one call and measured in another.

    Attributes:
        start: the parameters before the first epoch.
        orders: the rows of each epoch (E, N).
        rates: the learning rate of each step (E, K).
        told: what each epoch led to; None if a number did not stay finite. The engine then stands where it was.
        scores: on the validation part after each epoch.
        seconds: that all of it took.
        seconds_per_step: of the training alone.
    """

    def __init__(self, engine: Engine, first: int, step: int, count: int) -> None:
        plan = engine.plan
        self._engine, self._step = engine, step
        self.start, self._state = engine.theta.copy(), engine.state.copy()
        self.orders = np.stack([plan.order(first + e) for e in range(count)])
        self.rates = plan.rates(step, first, count)
        began = perf_counter()
        self.told = engine.take_epochs(self.orders, step, self.rates)
        self.seconds_per_step = max((perf_counter() - began) / self.rates.size, 1e-7)
        self.scores: list[Scores | None] = [None] * count
        validation = engine.parts.get("validation")
        if self.told is None:
            self._go_back()
        elif validation is not None:
            self.scores = list(engine.scores_of(self.told.ends, validation))
        self.seconds = perf_counter() - began

    def stand_after(self, e: int) -> None:
        """Give the engine the parameters as they were after epoch e of the block, but not its gradient or state."""
        assert self.told is not None  # noqa: S101 - else there are no epochs to stand after
        self._engine.theta[:] = self.told.ends[e]

    def end_after(self, e: int) -> None:
        """Give the engine all as it was after epoch e: what came after it is untrained."""
        if e < len(self.orders) - 1:
            self._go_back()
            self._engine.take_epochs(self.orders[: e + 1], self._step, self.rates[: e + 1])

    def _go_back(self) -> None:
        self._engine.theta[:], self._engine.state[:] = self.start, self._state
