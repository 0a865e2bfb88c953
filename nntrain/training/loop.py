"""The loop over epochs, which yields events and does nothing else.

It prints nothing, opens no file and never exits: that is left to the consumer of the events.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from nntrain.training import epoch_chunks
from nntrain.training.divergence import locate
from nntrain.training.ending import finish
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event, Scores, StepsDone, Stopped
from nntrain.training.loop_state import LoopState
from nntrain.training.measurements import started, statistics_interval
from nntrain.training.measurements import statistics as layer_statistics
from nntrain.training.recorder import Call, Recorder
from nntrain.training.state import Checkpoints, TrainingState

CALL_SECONDS = 0.2  # time that a compiled call should take: progress display and Ctrl-C wait for its end


def train(
    engine: Engine,
    interrupted: Callable[[], bool] = lambda: False,
    statistics: bool = True,
    checkpoints: Checkpoints | None = None,
    resumed: TrainingState | None = None,
    record: bool = False,
) -> Iterator[Event]:
    """Train from the engine's initial parameters to those that the recipe asks to keep.

    Args:
        engine: the run's arrays. After the last event, ``engine.theta`` holds the resulting parameters: the
            best ones with early stopping, in a search, and after divergence, else the last ones.
        interrupted: called after each compiled call; returns whether to end the run there.
        statistics: whether to measure the layers every few epochs.
        checkpoints: saves the state of the run, if given.
        resumed: the state to continue from; None: start with the engine's parameters.
        record: whether to report the steps before the run goes wrong.

    Yields:
        Started, then an EpochEnded per epoch (after StepsDone in long epochs), Crash with ``record``, Diverged if a
        number is not finite or the loss has grown too large, and Finished.
    """
    with engine.pool.at_work():
        every = statistics_interval(engine) if statistics else 0
        yield started(engine, every)
        run = _Run(engine, every, interrupted, checkpoints, Recorder(engine) if record else None)
        if resumed is not None:
            run.resume(resumed)
        yield from run.events()


class _Run(LoopState):
    """The loop: it trains, and yields what happens."""

    def events(self) -> Iterator[Event]:
        """Yield the events after Started."""
        while self.stopped is None:
            if self.search is not None:
                yield from self._iteration(self.search)
            elif (count := self._epochs_per_call()) > 1:
                yield from self._epochs(count)
            else:
                yield from self._call()
            if self.recorder is not None:
                yield from self.recorder.reports()
            if self.stopped is None and self.interrupted():
                self.stopped = Stopped.INTERRUPTED
            checkpoints = self.checkpoints
            if checkpoints is not None and checkpoints.due(self.epoch, not self.losses.size, self.stopped):
                checkpoints.save(self.snapshot())
        if self.search is not None:
            self.search.close()
        assert self.stopped is not None  # noqa: S101 - it has ended the loop
        finished = finish(
            self.engine,
            self.best,
            self.growth,
            stopped=self.stopped,
            diverged=self.diverged,
            epochs=self.epoch,
            steps=self.step,
            seconds=perf_counter() - self.began,
            statistics=self.every > 0,
        )
        if finished.diverged is not None:
            yield finished.diverged
        yield finished

    def _epochs_per_call(self) -> int:
        """Return how many epochs can be trained in one call: one if something happens between epochs."""
        if not self.in_chunks or self.losses.size or (self.every and self.epoch == 0):
            return 1
        until_statistics = self.every - self.epoch % self.every if self.every else self.plan.training.epochs
        most = epoch_chunks.max_epochs(self.engine, self.seconds_per_step)
        if self.checkpoints is not None:
            most = min(most, self.checkpoints.epochs_ahead(self.epoch) or most)
        return min(most, until_statistics, self.plan.training.epochs - self.epoch)

    def _epochs(self, count: int) -> Iterator[Event]:
        """Train some epochs in one call and measure them in another."""
        engine, first, began = self.engine, self.epoch, perf_counter() - self.began
        chunk = epoch_chunks.EpochChunk(engine, first, self.step, count)
        self.seconds_per_step = chunk.seconds_per_step
        results = chunk.results
        call = Call((chunk.start, chunk.state), chunk.orders, self.step, chunk.learning_rates, first + 1)
        if results is None:  # train the epochs one by one to find where
            self.in_chunks = False
            if self.recorder is not None:
                self.recorder.see_failed(call)
            return
        speed = chunk.orders.shape[1] / (self.plan.steps_per_epoch * self.seconds_per_step)
        losses, norms = engine.epoch_losses(results.losses, chunk.orders), results.norms.tolist()
        self._record_first_loss(results.losses[0])
        if self.recorder is not None:
            self.recorder.see(call, results.losses, self.growth)
        learning_rates, clipped = chunk.learning_rates[:, -1].tolist(), results.clipped.sum(axis=1).tolist()
        for e in range(count):
            chunk.set_weights_after(e)
            engine.clipped += clipped[e]
            self.epoch, self.step = first + e + 1, self.step + self.plan.steps_per_epoch
            self.previous_weights = results.epoch_thetas[e - 1] if e else chunk.start
            when = began + chunk.seconds * (e + 1) / count
            ending = epoch_chunks.EpochEnd(norms[e], when, partial(chunk.stop_after, e))
            yield self._ended(learning_rates[e], losses[e], speed, chunk.scores[e], ending)
            if self.stopped is not None:
                return

    def _call(self) -> Iterator[Event]:
        """Take steps of an epoch in one call; if they complete the epoch, measure it."""
        plan, engine, count = self.plan, self.engine, self.plan.steps_per_epoch
        first = self.losses.size
        if first == 0:
            self.order, self.epoch_seconds = plan.order(self.epoch), 0.0
        learning_rates = plan.learning_rates(self.step - first, self.epoch, 1)[0]
        if self.plateau is not None:
            learning_rates *= self.plateau.factor
        stop = first + max(1, int(CALL_SECONDS / self.seconds_per_step))
        before = perf_counter()
        order, rates = self.order[first * plan.batch_rows : stop * plan.batch_rows], learning_rates[first:stop]
        done = self.step
        taken = self._take_steps(order, rates)
        seconds = perf_counter() - before
        if first == 0:
            self._record_first_loss(taken)
        if self.recorder is not None:
            self.recorder.see(Call(self.finite, order[None], done, rates[None], self.epoch + 1), taken, self.growth)
        self.losses = np.concatenate([self.losses, taken])
        self.epoch_seconds += seconds
        self.seconds_per_step = max(seconds / max(taken.size, 1), 1e-7)
        if self.losses.size < count:  # an incomplete epoch has no EpochEnded event
            if taken.size:
                yield StepsDone(self.epoch + 1, self.losses.size, float(taken.mean()))
            return
        losses, self.losses = self.losses, np.empty(0)
        self.epoch += 1
        self.previous_weights = self.finite[0]
        loss = engine.epoch_loss(losses, self.order)
        speed = self.order.size / self.epoch_seconds
        yield self._ended(float(learning_rates[-1]), loss, speed, engine.validation(self.step))

    def _iteration(self, search: Generator[tuple[NDArray[np.float64], int]]) -> Iterator[Event]:
        """Do one full-batch iteration, which counts as an epoch."""
        engine, rows = self.engine, len(self.plan.data.train.x)
        accepted, before = engine.theta.copy(), perf_counter()
        found = next(search, None)
        seconds = perf_counter() - before
        if found is None:
            engine.theta[:] = accepted  # the last line search has left a trial point there
            engine.step_without_update()
            self.stopped = Stopped.CONVERGED
            return
        theta, evaluations = found
        engine.theta[: theta.size] = theta
        loss = engine.step_without_update()
        done, self.step = evaluations - self.step, evaluations
        self.epoch += 1
        loss = loss if np.isfinite(loss) else np.inf
        yield self._ended(self.plan.optimizer.lr, loss, rows * done / seconds, engine.validation(self.step))

    def _record_first_loss(self, losses: NDArray[np.float64]) -> None:
        """Record the run's first loss, which is that of the initial weights."""
        if self.epoch == 0 and losses.size:
            whole = self.plan.steps_per_epoch if self.plan.loss.reduction == "sum" else 1
            self.growth.begin(whole * float(losses[0]))

    def _take_steps(self, order: NDArray[np.int64], learning_rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take steps; if a number is not finite, restore the last finite state."""
        engine = self.engine
        self.finite, self.spare = self.spare, self.finite
        np.copyto(self.finite[0], engine.theta)
        np.copyto(self.finite[1], engine.state)
        losses = engine.take_steps(order, self.step, learning_rates)
        if losses.size < learning_rates.size or not engine.is_finite():
            engine.theta[:], engine.state[:] = self.finite
            self.diverged, taken = locate(engine, order, self.step, learning_rates, self.epoch + 1)
            if self.recorder is not None:
                call = Call(self.finite, order[None], self.step, learning_rates[None], self.epoch + 1)
                self.recorder.not_finite(call, self.diverged)
            self.stopped = Stopped.DIVERGED
            losses = losses[:taken]
        self.step += losses.size
        return losses

    def _ended(
        self,
        rate: float,
        loss: float,
        samples_per_second: float,
        validation: Scores | None,
        ending: epoch_chunks.EpochEnd | None = None,
    ) -> EpochEnded:
        """Record the results of an epoch, decide whether it was the last, and return its event."""
        engine, epoch = self.engine, self.epoch
        gradient = None
        if self.every or self.plan.training.grad_tol is not None:
            gradient = engine.gradient_norm if ending is None else ending.gradient
        with engine.measured_weights(self.step):
            watched = validation.loss if validation else loss
            if self.plateau is not None:
                self.plateau.record(watched)
            watched_weights = (epoch - 1, self.previous_weights) if self.loss_before_step else (epoch, engine.theta)
            improved = self.best.record(self.monitored(watched, validation), *watched_weights)
            self.growth.record(loss, epoch, self.step, rate)
            self.stopped = self.stopped or self._reason_to_stop(gradient)
            if self.stopped is not None and ending is not None:
                ending.end()
            measured = self.every > 0 and (epoch == 1 or epoch % self.every == 0 or self.stopped is not None)
            statistics = layer_statistics(engine) if measured else None
            parameters = engine.few_parameters()
        return EpochEnded(
            epoch=epoch,
            step=self.step,
            seconds=perf_counter() - self.began if ending is None else ending.seconds,
            learning_rate=rate,
            train_loss=loss,
            gradient_norm=gradient,
            samples_per_second=samples_per_second,
            validation=validation,
            statistics=statistics,
            clipped=engine.clipped / self.step if self.plan.regularization.clips else None,
            improved=improved,
            parameters=parameters,
        )

    def _reason_to_stop(self, gradient: float | None) -> Stopped | None:
        training = self.plan.training
        if training.grad_tol is not None and gradient is not None and gradient <= training.grad_tol:
            return Stopped.GRADIENT
        if training.early_stopping is not None and self.best.waited >= training.early_stopping.patience:
            return Stopped.EARLY
        return Stopped.EPOCHS if self.epoch == training.epochs else None
