"""Checkpoints: the state of a run in one file, from which it continues as if it had not been interrupted.

There are two generations, written in turn, so that an intact one exists at any moment: each is written to a temporary
file, which is then renamed. Both have a checksum, and the older one is used if the newer one is damaged. What is read
passes the checks of :mod:`nntrain.artifacts.wall`: sizes follow from the recipe and the data, never from the file.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nntrain.artifacts import container
from nntrain.artifacts.checkpoint_facts import Facts, facts_of
from nntrain.artifacts.run_files import CHECKPOINTS
from nntrain.artifacts.run_folder import RunFolder
from nntrain.artifacts.wall import bad_facts, checked_tensors
from nntrain.errors import InputError, NntrainError, bad_input
from nntrain.schedules.plateau import Plateau
from nntrain.training.divergence import Growth
from nntrain.training.engine import Engine
from nntrain.training.events import Diverged, Stopped
from nntrain.training.settings import Checkpoint
from nntrain.training.state import TrainingState
from nntrain.training.stopping import Best
from nntrain.utils.files import remove_abandoned

MAX_COST = 0.01  # fraction of the time that saving may take
KIND = container.CHECKPOINT.name


class Saved(NamedTuple):
    """A checkpoint that was read: its file, tensors and metadata."""

    path: Path
    tensors: dict[str, NDArray[Any]]
    facts: Facts


class CheckpointFiles:
    """Saves the state of a run in a directory, as the recipe's ``training.checkpoint`` says.

    Args:
        settings: when to save.
        folder: the run directory.
        recipe: the complete recipe.
        data: fingerprint of the data.
        warn: called with a message if a checkpoint could not be written.
        generation: number of checkpoints of the run so far.

    Attributes:
        saved_last: whether the state at the end of the run was saved.
    """

    def __init__(
        self,
        settings: Checkpoint,
        folder: RunFolder,
        recipe: Mapping[str, Any],
        data: Callable[[], str],
        warn: Callable[[str], None],
        generation: int = 0,
    ) -> None:
        self.epochs = settings.epochs
        self.saved_last = False
        self._settings, self._folder, self._warn = settings, folder, warn
        self._recipe, self._data, self._generation = recipe, data, generation
        self._warned = self._ends = False
        self._next = monotonic() + (settings.seconds or 0)

    def due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
        """Return whether to save the state: it is time, the run is interrupted, or its final state is to be kept."""
        self._ends = stopped is not None
        if stopped is not None:
            done = stopped in (Stopped.EPOCHS, Stopped.EARLY, Stopped.GRADIENT)
            return stopped is Stopped.INTERRUPTED or (done and self._settings.keep)
        if complete and self.epochs is not None and epoch % self.epochs == 0:
            return True
        return self._settings.seconds is not None and monotonic() >= self._next

    def save(self, state: TrainingState) -> None:
        """Write the state into the file with the older generation."""
        began = monotonic()
        offset = self._folder.sync_metrics()
        if offset is not None:
            self._generation += 1
            place = self._folder.files / CHECKPOINTS[self._generation % 2]
            try:
                tensors = {"theta": state.theta, "optimizer": state.optimizer, "best": state.best.weights}
                facts = facts_of(state, self._generation, offset, self._recipe, self._data())
                container.write(place, {**tensors, "losses": state.losses}, facts, container.CHECKPOINT)
                self.saved_last = self._ends
            except NntrainError as error:
                if not self._warned:
                    self._warn(f"{error}; training continues without new checkpoints until this succeeds")
                self._warned = True
        ended = monotonic()
        self._next = ended + max(self._settings.seconds or 0, (ended - began) / MAX_COST)


def read(folder: Path, warn: Callable[[str], None]) -> Saved | None:
    """Return the newest intact checkpoint in ``folder``, None if there is none.

    Raises:
        InputError: if all checkpoints are damaged.
    """
    found, errors = [], []
    for path in (folder / name for name in CHECKPOINTS):
        remove_abandoned(path)
        if path.exists():
            try:
                found.append(_read(path))
            except InputError as error:
                errors.append(error)
    if errors and not found:
        raise errors[0]
    for damaged in errors:
        problem = damaged.problems[0]
        warn(f"{problem.place}: {problem.what}; continuing from {found[0].path.name}")
    return max(found, key=lambda saved: saved.facts.generation, default=None)


def state_of(saved: Saved, engine: Engine) -> TrainingState:
    """Return the state in a checkpoint, for the run of ``engine``.

    Raises:
        InputError: if it does not fit the run.
    """
    path, facts, plan = saved.path, saved.facts, engine.plan
    if facts.epoch >= plan.training.epochs:
        hint = f"to train longer: --set training.epochs={2 * facts.epoch}"
        raise bad_input(path, f"has {facts.epoch:,} of {plan.training.epochs:,} epochs already", hint)
    tensors = dict(saved.tensors)
    losses = tensors.pop("losses", np.empty(0))
    shapes = {"theta": engine.theta.shape, "optimizer": engine.state.shape, "best": engine.theta.shape}
    checked_tensors(path, tensors, shapes, engine.dtype, KIND)
    partial = 0 if plan.optimizer.full_batch else plan.steps_per_epoch - 1
    if losses.dtype != np.float64 or losses.ndim != 1 or losses.size > partial or not np.isfinite(losses).all():
        raise bad_facts(path, "tensor 'losses' does not fit the run", KIND)
    if not plan.optimizer.full_batch and facts.step != facts.epoch * plan.steps_per_epoch + losses.size:
        raise bad_facts(path, f"step {facts.step:,} is not in epoch {facts.epoch + 1:,}", KIND)
    if (facts.plateau is not None) != plan.schedule.reacts:
        raise bad_facts(path, "its schedule does not match the recipe", KIND)
    stopping, best, growth = plan.training.early_stopping, facts.best, facts.growth
    policy = plan.schedule.policy() if plan.schedule.reacts else None
    if isinstance(policy, Plateau) and facts.plateau is not None:
        policy.best, policy.waited, policy.factor = facts.plateau.best, facts.plateau.waited, facts.plateau.factor
    return TrainingState(
        epoch=facts.epoch,
        step=facts.step,
        seconds=facts.seconds,
        clipped=facts.clipped,
        theta=tensors["theta"],
        optimizer=tensors["optimizer"],
        losses=losses,
        epoch_seconds=facts.epoch_seconds,
        best=Best(
            tensors["best"].copy(),  # writable
            stopping.min_delta if stopping else 0.0,
            loss=best.loss,
            epoch=best.epoch,
            waited=best.waited,
            reference=best.counted,
        ),
        growth=Growth(
            engine.baseline["train"],
            growth.limit,
            None if growth.left is None else Diverged(**growth.left.model_dump()),
            Diverged(**growth.last.model_dump()),
        ),
        plateau=policy,
    )


def _read(path: Path) -> Saved:
    tensors, facts = container.read(path, container.CHECKPOINT)
    try:
        return Saved(path, tensors, Facts.model_validate(facts))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise bad_facts(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}", KIND) from None
