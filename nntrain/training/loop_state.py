"""The state of the loop between compiled calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.kernels import compiles
from nntrain.metrics import lower_is_better
from nntrain.training.divergence import Growth
from nntrain.training.engine import Engine
from nntrain.training.events import Diverged, Scores, Stopped
from nntrain.training.full_batch import search_of
from nntrain.training.recorder import Recorder
from nntrain.training.state import Checkpoints, TrainingState
from nntrain.training.stopping import Best
from nntrain.training.windows import WindowedOrder


@dataclass
class LoopState:
    """The state of the loop between compiled calls."""

    engine: Engine
    every: int  # epochs between two statistics; 0: no statistics
    interrupted: Callable[[], bool]
    checkpoints: Checkpoints | None = None
    recorder: Recorder | None = None
    began: float = field(default_factory=perf_counter)
    step: int = 0
    epoch: int = 0
    losses: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))  # of the steps of an incomplete epoch
    epoch_seconds: float = 0.0  # time that these steps took
    stopped: Stopped | None = None
    diverged: Diverged | None = None
    in_chunks: bool = field(init=False)  # whether epochs are trained several in one call
    seconds_per_step: float = field(init=False)

    def __post_init__(self) -> None:
        plan = self.engine.plan
        self.plan = plan
        stopping = plan.training.early_stopping
        self.best = Best(self.engine.theta.copy(), stopping.min_delta if stopping else 0.0)
        self.growth = Growth(self.engine.baseline["train"])
        self.plateau = plan.schedule.policy() if plan.schedule.reacts else None
        self.search = search_of(self.engine)
        self.in_chunks = plan.in_chunks and compiles()
        # Without validation, the loss of a full-batch epoch is that of the weights before its step.
        one_step = plan.steps_per_epoch == 1 and self.search is None
        self.loss_before_step = one_step and plan.data.validation is None and plan.evaluates_theta
        self.finite = (self.engine.theta.copy(), self.engine.state.copy())
        self.spare = self.finite  # the state before the previous call, if the recorder needs it
        if self.recorder is not None:
            self.spare = (self.engine.theta.copy(), self.engine.state.copy())
        self.previous_weights = self.finite[0]
        self.seconds_per_step = 3e-6 + 1e-10 * plan.batch_rows * plan.network.multiply_adds  # an estimate at first
        self.order: NDArray[np.int64] | WindowedOrder = np.empty(0, np.int64)  # rows of the current epoch

    def monitored(self, loss: float, validation: Scores | None) -> float:
        """Return the value whose minimum is the best: ``loss``, or what early stopping monitors on ``validation``."""
        name = self.plan.training.monitor
        if name == "loss" or validation is None:
            return loss
        value = validation.metric if name == self.plan.metric else validation.further[name]
        if value is None:
            return inf
        return value if lower_is_better(name) else -value

    def resume(self, state: TrainingState) -> None:
        """Continue from ``state``. A search cannot start in the middle, so it is repeated up to that point."""
        if self.search is not None:
            for _ in range(state.epoch):
                next(self.search, None)
        engine = self.engine
        engine.theta[:], engine.state[:], engine.clipped = state.theta, state.optimizer, state.clipped
        self.began = perf_counter() - state.seconds
        self.epoch, self.step, self.losses = state.epoch, state.step, state.losses
        self.epoch_seconds, self.best, self.growth, self.plateau = (
            state.epoch_seconds,
            state.best,
            state.growth,
            state.plateau,
        )
        self.order = self.plan.order(self.epoch)

    def snapshot(self) -> TrainingState:
        """Return the current state. It shares the arrays of the run."""
        engine = self.engine
        return TrainingState(
            epoch=self.epoch,
            step=self.step,
            seconds=perf_counter() - self.began,
            clipped=engine.clipped,
            theta=engine.theta,
            optimizer=engine.state,
            losses=self.losses,
            epoch_seconds=self.epoch_seconds,
            best=self.best,
            growth=self.growth,
            plateau=self.plateau,
        )
