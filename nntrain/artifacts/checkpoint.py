"""Checkpoints: the state of a run in one file, from which it continues as if it had not been interrupted.

States of some epochs and of the start may be kept too (:mod:`nntrain.artifacts.kept_states`). Of checkpoints, there
are two generations, written in turn, so that an intact one exists at any moment: each is written to a temporary
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
from nntrain.artifacts.kept_states import start_file, state_file
from nntrain.artifacts.run_files import CHECKPOINTS, STATES
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
from nntrain.utils.files import make_folder, remove_abandoned

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
        self.saved_last = False
        self._settings, self._folder, self._warn = settings, folder, warn
        self._recipe, self._data, self._generation = recipe, data, generation
        self._warned = self._ends = self._writes = False
        self._kept: int | None = None  # the epoch after which the state is kept, if it is to be now
        self._next = monotonic() + (settings.seconds or 0)

    def epochs_ahead(self, epoch: int) -> int | None:
        """Return how many epochs after ``epoch`` a state is to be saved; None: by time alone."""
        intervals = (self._settings.epochs, self._settings.keep_every)
        return min((every - epoch % every for every in intervals if every is not None), default=None)

    def due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
        """Return whether to save the state: it is time, the run is interrupted, or its state is to be kept."""
        self._ends, every = stopped is not None, self._settings.keep_every
        finite = stopped is not Stopped.DIVERGED
        self._kept = epoch if every is not None and complete and epoch and epoch % every == 0 and finite else None
        self._writes = self._checkpoint_due(epoch, complete, stopped)
        return self._writes or self._kept is not None

    def _checkpoint_due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
        if stopped is not None:
            done = stopped in (Stopped.EPOCHS, Stopped.EARLY, Stopped.GRADIENT)
            return stopped is Stopped.INTERRUPTED or (done and self._settings.keep)
        if complete and self._settings.epochs is not None and epoch % self._settings.epochs == 0:
            return True
        return self._settings.seconds is not None and monotonic() >= self._next

    def save(self, state: TrainingState) -> None:
        """Write the state into the file with the older generation, or to where it is kept, or both."""
        began = monotonic()
        offset = self._folder.sync_metrics()
        if offset is not None:
            try:
                if self._kept is not None:
                    make_folder(self._folder.files / STATES)
                    self._write(state_file(self._folder.files, self._kept), state, offset)
                if self._writes:
                    self._generation += 1
                    self._write(self._folder.files / CHECKPOINTS[self._generation % 2], state, offset)
                    self.saved_last = self._ends
            except NntrainError as error:
                if not self._warned:
                    self._warn(f"{error}; training continues without new checkpoints until this succeeds")
                self._warned = True
        if self._writes:
            ended = monotonic()
            self._next = ended + max(self._settings.seconds or 0, (ended - began) / MAX_COST)

    def _write(self, place: Path, state: TrainingState, offset: int) -> None:
        write_state(place, state, facts_of(state, self._generation, offset, self._recipe, self._data()))


def write_state(place: Path, state: TrainingState, facts: Mapping[str, Any]) -> None:
    """Write a state, and the metadata that :func:`nntrain.artifacts.checkpoint_facts.facts_of` returns for it.

    Raises:
        NntrainError: if it cannot be written.
    """
    tensors = {"theta": state.theta, "optimizer": state.optimizer, "best": state.best.weights, "losses": state.losses}
    container.write(place, tensors, facts, container.CHECKPOINT)


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
                found.append(read_file(path))
            except InputError as error:
                errors.append(error)
    if errors and not found:
        raise errors[0]
    for damaged in errors:
        problem = damaged.problems[0]
        warn(f"{problem.place}: {problem.what}; continuing from {found[0].path.name}")
    return max(found, key=lambda saved: saved.facts.generation, default=None)


def state_of(saved: Saved, engine: Engine, may_be_last: bool = False) -> TrainingState:
    """Return the state in a checkpoint, for the run of ``engine``.

    Args:
        saved: the checkpoint.
        engine: of the run.
        may_be_last: accept a state after which no epoch is left.

    Raises:
        InputError: if it does not fit the run.
    """
    path, facts, plan = saved.path, saved.facts, engine.plan
    if facts.epoch >= plan.training.epochs + may_be_last:
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


def read_start(folder: Path) -> Saved | None:
    """Return the start state of the run in ``folder``; None if the run starts from its recipe's initial weights.

    Raises:
        InputError: if it is damaged.
    """
    path = start_file(folder)
    if not path.exists():
        return None
    saved = read_file(path)
    if saved.facts.origin is None:
        raise bad_facts(path, "origin: Field required", KIND)
    return saved


def read_file(path: Path) -> Saved:
    """Return the state in the file at ``path``.

    Raises:
        InputError: if it is no checkpoint, or damaged.
    """
    tensors, facts = container.read(path, container.CHECKPOINT)
    try:
        return Saved(path, tensors, Facts.model_validate(facts))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise bad_facts(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}", KIND) from None
