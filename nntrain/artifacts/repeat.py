"""The states of a run in its directory, and those in between, which are trained again from them."""

import shlex
import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from math import isfinite
from pathlib import Path

from nntrain.artifacts.certificate import data_fingerprint
from nntrain.artifacts.changes import changes, plain
from nntrain.artifacts.checkpoint import Saved, read_file, read_start, state_of
from nntrain.artifacts.epoch_lines import read_epochs
from nntrain.artifacts.kept_states import kept_epochs, start_file, state_file
from nntrain.artifacts.run_files import CHECKPOINTS, METRICS, RECIPE, STATES, SUMMARY, settle
from nntrain.artifacts.run_list import read_summary
from nntrain.errors import InputError, bad_input, counted
from nntrain.recipe.build import Built, build
from nntrain.recipe.document import load_document
from nntrain.recipe.files import check_pinned
from nntrain.recipe.load import Loaded, Opened, check
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event
from nntrain.training.repeat import state_after
from nntrain.training.state import TrainingState
from nntrain.utils.files import make_folder, write_atomically


class RunStates:
    """The states of a run, finished or not, after each of its epochs.

    Args:
        folder: the run directory.

    Attributes:
        folder: the run directory.
        loaded: the recipe of the run.
        built: its data and plan.
        epochs: number of complete epochs.
        start: the start state, if the run does not start from the initial weights of its recipe.

    Raises:
        InputError: if it is not a run directory, or its data have changed.
    """

    def __init__(self, folder: Path) -> None:
        settle(folder)
        if not (folder / RECIPE).is_file() or not (folder / METRICS).is_file():
            raise bad_input(folder, f"is not a run directory: it has no {RECIPE} and {METRICS}", "name a run directory")
        self.folder = folder
        self.loaded: Loaded = check(Opened(load_document(str(folder / RECIPE)), folder, folder.resolve().name))
        check_pinned(self.loaded.recipe, folder)
        self.built: Built = build(self.loaded.recipe, self.loaded.document, folder, self.loaded.name)
        self.start = read_start(folder)
        self._ends = _line_ends(folder / METRICS)
        self.epochs = len(self._ends)

    @cached_property
    def engine(self) -> Engine:
        """The engine of the run, with its initial parameters."""
        engine = Engine(self.built.plan)
        if self.start is not None:
            engine.theta[:] = state_of(self.start, engine, may_be_last=True).theta
        return engine

    def nearest(self, epoch: int, warn: Callable[[str], None]) -> Saved | None:
        """Return the latest state in the directory that is not after ``epoch``; None for the initial state.

        Args:
            epoch: the epoch.
            warn: called with a message for each damaged file, which is not used.

        Raises:
            InputError: if the run starts after the epoch.
        """
        start = self.start
        if start is not None and start.facts.epoch > epoch:
            origin = start.facts.origin
            why = "is a branch" if origin is not None and origin.kind == "branch" else "has another recipe"
            first = start.facts.epoch
            what = f"{why} from epoch {first + 1:,} on, and cannot be repeated before that"
            raise bad_input(self.folder, what, _hint(start))
        recipe = plain(self.built.recipe)
        found = [start] if start is not None else []
        for saved in self._files(epoch, warn):
            facts = saved.facts
            usable = facts.epoch <= epoch and (facts.epoch < epoch or not saved.tensors["losses"].size)
            if usable and all(change.key == "training.epochs" for change in changes(facts.recipe, recipe)):
                found.append(saved)
        return max(found, key=lambda saved: saved.facts.step, default=None)

    def _files(self, epoch: int, warn: Callable[[str], None]) -> Iterator[Saved]:
        files = [state_file(self.folder, kept) for kept in kept_epochs(self.folder) if kept <= epoch][-1:]
        for path in (*files, *(self.folder / name for name in CHECKPOINTS)):
            if path.exists():
                try:
                    saved = read_file(path)
                except InputError as error:
                    warn(f"{error.problems[0].place}: {error.problems[0].what}; it is not used")
                    continue
                if "losses" in saved.tensors:
                    yield saved

    def after(self, epoch: int, saved: Saved | None, see: Callable[[Event], None]) -> TrainingState:
        """Return the state after an epoch, trained again from an earlier one.

        Args:
            epoch: the epoch.
            saved: the state to train from, as :meth:`nearest` returns it.
            see: called with the events of the training.

        Raises:
            InputError: if training again does not give the metrics of the run.
        """
        if saved is not None and saved.facts.data != data_fingerprint(self.built.dataset):
            raise bad_input(self.folder, "its data have changed, so it cannot be repeated", "restore the data")

        def compare(event: Event) -> None:
            if isinstance(event, EpochEnded):
                self.check_loss(event.epoch, event.train_loss)
            see(event)

        start = None if saved is None else state_of(saved, self.engine, may_be_last=True)
        state = state_after(self.engine, epoch, start, compare)
        if state is None:
            raise bad_input(self.folder, f"cannot be repeated: training again ends before epoch {epoch:,}")
        return state

    def check_loss(self, epoch: int, loss: float) -> None:
        """Check that training an epoch again gives the training loss that the run has recorded.

        Raises:
            InputError: if not.
        """
        recorded = self._losses[epoch - 1]
        if loss != recorded and (isfinite(loss) or isfinite(recorded)):
            what = f"training again gives another loss in epoch {epoch:,}: {loss:.9g} instead of {recorded:.9g}"
            hint = f"nntrain verify {shlex.quote(str(self.folder))} tells what has changed"
            raise bad_input(self.folder, f"cannot be repeated: {what}", hint)

    @cached_property
    def _losses(self) -> list[float]:
        metrics = self.folder / METRICS
        read = read_epochs(metrics, self.size_of(self.epochs), self.epochs, self.built.plan.metric)
        return [epoch.train_loss for epoch in read]

    @property
    def last_step(self) -> int:
        """The last step in the summary, also of an epoch that was not completed; 0 without a summary."""
        if not (self.folder / SUMMARY).is_file():
            return 0
        summary = read_summary(self.folder)
        diverged = summary.get("diverged")
        steps = [summary.get("steps"), diverged.get("step") if isinstance(diverged, dict) else None]
        most = (self.epochs + 1) * self.built.plan.steps_per_epoch
        return max(min(step, most) if type(step) is int else 0 for step in steps)

    def size_of(self, epochs: int) -> int:
        """Return the bytes of metrics.jsonl that belong to the first ``epochs`` epochs."""
        return self._ends[epochs - 1] if epochs else 0

    def check_epoch(self, epoch: int, option: str) -> None:
        """Check that the run has an epoch.

        Raises:
            InputError: if not.
        """
        if epoch > self.epochs:
            what = f"found {epoch:,}, but the run has {counted(self.epochs, 'complete epoch')}"
            raise bad_input(option, what, f"use 1 to {self.epochs}" if self.epochs else "train longer")


def copy_start(folder: Path, start: Saved, to: Path) -> None:
    """Copy what a run in ``folder`` started with to the directory ``to``, where the run can then be made again.

    Raises:
        InputError: if it cannot be read or written.
    """
    make_folder(to / STATES)
    try:
        shutil.copyfile(start.path, start_file(to))
        shutil.copyfile(folder / RECIPE, to / RECIPE)
        with (folder / METRICS).open("rb") as file:
            write_atomically(to / METRICS, file.read(start.facts.metrics))
    except OSError as error:
        raise bad_input(folder, f"cannot read: {error.strerror}") from None


def _hint(start: Saved) -> str:
    origin = start.facts.origin
    if origin is not None and origin.kind == "branch":
        return f"use a later epoch or step, or the run that it continues: {shlex.quote(origin.run)}"
    return "use a later epoch or step"


def _line_ends(path: Path) -> list[int]:
    """Return where each complete line of a file ends, in bytes."""
    ends, end = [], 0
    try:
        with path.open("rb") as file:
            for line in file:
                end += len(line)
                if line.endswith(b"\n"):
                    ends.append(end)
    except OSError as error:
        raise bad_input(path, f"cannot read: {error.strerror}") from None
    return ends
