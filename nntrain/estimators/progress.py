"""How a run goes, epoch by epoch, and when scikit-learn's rules stop it."""

import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from math import inf
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from nntrain.training.engine import Engine
from nntrain.training.events import Diverged, EpochEnded, Event
from nntrain.training.loop import train

FTOL = 2.2204460492503131e-09  # scipy's L-BFGS-B: an iteration that improves the loss by a smaller fraction is the last
ADAPTIVE_FACTOR, MIN_RATE = 5.0, 1e-6  # scikit-learn's learning_rate="adaptive"


@dataclass(frozen=True)
class Rules:
    """When to stop.

    Attributes:
        tol: by how much the loss or score has to improve.
        patience: epochs without an improvement.
        on_score: whether the validation score counts, and not the training loss.
        adaptive: whether the learning rate falls first.
        max_fun: evaluations of the loss, for an optimizer that counts them.
        verbose: whether to print each epoch.
    """

    tol: float
    patience: float
    on_score: bool
    adaptive: bool
    max_fun: int
    verbose: bool


@dataclass
class Progress:
    """The curves of a run, and its best epoch so far."""

    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = inf
    best_score: float = -inf
    best_theta: NDArray[Any] | None = None
    waited: int = 0
    epochs: int = 0
    steps: int = 0


def run(
    engine: Engine,
    rules: Rules,
    progress: Progress,
    callback: Callable[[EpochEnded], bool] | None,
    loss_of: Callable[[float], float],
) -> None:
    """Train until a rule or a callback stops it, or the plan's epochs are done.

    Args:
        engine: the run, which keeps its last parameters.
        rules: when to stop.
        progress: filled.
        callback: called after each epoch; True stops. Without one, gradients and layers are not measured.
        loss_of: the loss that counts, from the training loss.

    Raises:
        ValueError: if training diverges.
    """
    progress.epochs = progress.steps = 0
    try:
        with closing(cast(Generator[Event], train(engine, statistics=callback is not None))) as events:
            for event in events:
                if isinstance(event, Diverged):
                    raise ValueError(_message(event))
                if not isinstance(event, EpochEnded):
                    continue
                stops = _see(engine, rules, progress, event, loss_of)
                if stops or (callback is not None and callback(event)):
                    return
                if event.epoch == engine.plan.training.epochs:
                    _warn_of_the_end(engine, event.epoch)
                    return
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)


def _see(
    engine: Engine, rules: Rules, progress: Progress, event: EpochEnded, loss_of: Callable[[float], float]
) -> bool:
    """Take in an epoch and return whether it is the last."""
    loss, before = loss_of(event.train_loss), progress.losses[-1] if progress.losses else inf
    progress.epochs, progress.steps = event.epoch, event.step
    progress.losses.append(loss)
    if event.validation is not None:
        progress.validation_losses.append(event.validation.loss)
        progress.scores.append(np.nan if event.validation.metric is None else event.validation.metric)
    if rules.verbose:
        sys.stdout.write(f"Iteration {event.epoch}, loss = {loss:.8f}\n")
        if event.validation is not None:
            sys.stdout.write(f"Validation score: {progress.scores[-1]:.6f}\n")
    if engine.plan.optimizer.full_batch:
        small = before - loss <= FTOL * max(abs(before), abs(loss), 1.0) if np.isfinite(before) else False
        progress.best_loss = min(progress.best_loss, loss)
        return small or event.step >= rules.max_fun
    _count(engine, rules, progress, event.step)
    if progress.waited <= rules.patience:
        return False
    if not rules.adaptive or _lower_rate(engine):
        return True
    progress.waited = 0
    return False


def _count(engine: Engine, rules: Rules, progress: Progress, step: int) -> None:
    """Count the epochs without an improvement of the score, or of the loss."""
    if rules.on_score:
        score = progress.scores[-1]
        progress.waited = progress.waited + 1 if score < progress.best_score + rules.tol else 0
        if score > progress.best_score:
            progress.best_score = score
            with engine.measured_weights(step):
                progress.best_theta = engine.theta.copy()
        return
    loss = progress.losses[-1]
    progress.waited = progress.waited + 1 if loss > progress.best_loss - rules.tol else 0
    progress.best_loss = min(progress.best_loss, loss)


def _lower_rate(engine: Engine) -> bool:
    """Divide the learning rate by five, and return whether it was too low for that."""
    course = engine.plan.course  # type: ignore[attr-defined]
    if engine.plan.optimizer.lr * course.factor <= MIN_RATE:
        return True
    course.factor /= ADAPTIVE_FACTOR
    return False


def _message(event: Diverged) -> str:
    return (
        f"training diverged in epoch {event.epoch}, step {event.step}: {event.where} is not finite at a learning rate "
        f"of {event.learning_rate:g}; standardize X, or choose a lower learning rate"
    )


def _warn_of_the_end(engine: Engine, epochs: int) -> None:
    what = "Iterations" if engine.plan.optimizer.full_batch else "Epochs"
    warnings.warn(
        f"{what}: the maximum of {epochs} was reached before the loss stopped improving; "
        "increase max_iter, or raise tol",
        ConvergenceWarning,
        stacklevel=2,
    )
