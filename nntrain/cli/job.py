"""A training run as a command makes it: it starts a recipe or continues a run, and writes the run directory."""

from __future__ import annotations

import shlex
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nntrain.artifacts.run_folder import RunFolder
    from nntrain.cli.progress import Listener
    from nntrain.cli.requirements import Condition
    from nntrain.recipe.build import Built
    from nntrain.recipe.document import Document
    from nntrain.recipe.load import Loaded, Opened
    from nntrain.report.summary import Summary
    from nntrain.training.engine import Engine
    from nntrain.training.events import EpochEnded, Event


@dataclass
class Job:
    """A run to be made or continued.

    Attributes:
        recipe: the recipe, as a command's argument names it, or already read; None: that of the run ``resume``.
        settings: overrides, ``key=value``.
        out: directory of the run; None for a new one under ``runs``.
        overwrite: whether a run in ``out`` may be replaced.
        resume: directory of the run to continue, if any.
        allow_change: whether it may continue with another recipe or other data.
        start: a run or model whose weights training starts from; None for initial weights.
        tensorboard: whether to write an event file for TensorBoard.
        metrics: the metrics to show, as ``--metrics`` names them; None for the main ones.
        folder: the run directory, once it is open.
        shown: the names of the metrics to show, once the recipe is read.
    """

    recipe: str | Opened | None
    settings: Sequence[str] = ()
    out: Path | None = None
    overwrite: bool = False
    resume: Path | None = None
    allow_change: bool = False
    start: str | None = None
    tensorboard: bool = False
    metrics: str | None = None
    folder: RunFolder | None = None
    shown: Sequence[str] | None = None

    def run(
        self,
        listener: Listener,
        interrupted: Callable[[], bool] = lambda: False,
        conditions: Sequence[Condition] = (),
    ) -> Summary:
        """Train, and write the run directory.

        Args:
            listener: called with every event.
            interrupted: returns whether to end the run early.
            conditions: on the summary; each must name a result that the run will have.

        Raises:
            InputError: if anything about the recipe, its data, the directory or ``conditions`` is wrong.
        """
        from nntrain.artifacts.run_folder import RunFolder
        from nntrain.cli.compiling import announce_compiling
        from nntrain.cli.requirements import check
        from nntrain.metrics.names import chosen
        from nntrain.recipe.build import build
        from nntrain.recipe.document import dump_document
        from nntrain.recipe.files import names_absolute_path, with_path_from
        from nntrain.recipe.schema import to_data
        from nntrain.training.scoring import gives_probabilities
        from nntrain.utils.announcing import announcing
        from nntrain.utils.garbage import collecting_new

        loaded = self._load()
        with announcing(listener.note):
            built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
        check(conditions, built.plan)
        plan = built.plan
        self.shown = chosen(self.metrics, plan.task, gives_probabilities(plan.network.layers[-1].activation, plan.loss))
        for text in built.dataset.notes:
            listener.note(text)

        def complete(folder: Path) -> str:
            absolute = names_absolute_path(loaded.recipe)
            return dump_document(to_data(built.recipe if absolute else with_path_from(built.recipe, folder)))

        out, resumes = self.resume or self.out, self.resume is not None
        with (
            RunFolder(built.plan.name, complete, out, self.overwrite or resumes, listener.warn, resumes) as folder,
            announce_compiling(listener.note),
            collecting_new(),
        ):
            self.folder = folder
            return self._train(folder, built, loaded.document, listener, interrupted)

    def _load(self) -> Loaded:
        from nntrain.artifacts.lookup import load_recipe
        from nntrain.cli import resume

        if self.resume is not None:
            if self.start is not None:
                raise bad_input("--from", "cannot be used with --resume", "a run continues from its own weights")
            if self.out is not None and self.out.resolve() != self.resume.resolve():
                hint = "leave out --out: the run continues in its directory"
                raise bad_input("--out", "must name the same directory as --resume", hint)
            return resume.load(self.resume, self.recipe, self.settings)
        if self.allow_change:
            raise bad_input("--allow-change", "needs --resume RUN")
        if self.recipe is None:
            hint = "recipe file, name of a shipped recipe, run or model; or --resume RUN; see nntrain fit --help"
            raise bad_input("fit", "RECIPE|RUN|MODEL is missing", hint)
        return load_recipe(self.recipe, self.settings)

    def _train(
        self, folder: RunFolder, built: Built, document: Document, listener: Listener, interrupted: Callable[[], bool]
    ) -> Summary:
        from nntrain.artifacts.certificate import certificate, data_fingerprint
        from nntrain.artifacts.changes import plain
        from nntrain.artifacts.checkpoint import CheckpointFiles
        from nntrain.artifacts.crash_report import CrashReport
        from nntrain.artifacts.model import Model
        from nntrain.artifacts.run_files import MODEL
        from nntrain.artifacts.start import weights_from
        from nntrain.cli import resume
        from nntrain.doctor.quick import cause_finder
        from nntrain.report.summary import summarize
        from nntrain.training.engine import Engine
        from nntrain.training.evaluation import evaluate
        from nntrain.training.events import Started, Stopped
        from nntrain.training.loop import train
        from nntrain.training.repeat import initial_state

        plan = built.plan
        fingerprint = cache(lambda: data_fingerprint(built.dataset))
        begun = resume.Beginning(None, [])
        if self.resume is not None:
            begun = resume.begin(folder, built, fingerprint(), self.allow_change, listener.note)
            if begun.saved is None:
                folder.start()
        saved, recipe = begun.saved, plain(built.recipe)
        theta = None if self.start is None else weights_from(self.start, plan.network, built.dataset)
        with document.placing():
            engine = Engine(plan, theta=theta)
        state, epochs = (None, []) if saved is None else resume.restore(folder, saved, engine)
        if self.start is not None:
            state = initial_state(engine)
        origin = resume.origin_of(folder, begun, engine, self.start, listener.warn)
        if origin is not None and origin.is_new and state is not None:
            resume.save_start(folder, state, recipe, fingerprint(), origin.origin)
        checkpoints = None
        if plan.training.checkpoint is not None:
            checkpoints = CheckpointFiles(
                plan.training.checkpoint,
                folder,
                recipe,
                fingerprint,
                listener.warn,
                saved.facts.generation if saved else 0,
            )
        interrupted()  # from here on a first signal no longer ends the process at once

        def events() -> Iterator[Event]:
            with self._event_file(folder, built, engine, listener) as (event_file, replay):
                crashes = CrashReport(folder, listener.warn)
                for event in train(engine, interrupted, checkpoints=checkpoints, resumed=state, record=True):
                    folder(event)
                    crashes(event)
                    listener(event)
                    event_file(event)
                    yield event
                    if isinstance(event, Started):
                        for epoch in epochs:
                            listener.replay(epoch, epoch.seconds)
                            replay(epoch)
                            yield epoch

        cause_of = cause_finder(built, engine)
        summary = summarize(events(), str(folder.path), str(folder.path / MODEL), cause_of)
        skip = "the run was interrupted" if summary.stopped is Stopped.INTERRUPTED else ""
        evaluated = evaluate(engine, skip)
        chosen, summary = evaluated.threshold, replace(summary, evaluated=evaluated, classes=built.dataset.classes)
        proof = certificate(fingerprint(), engine.theta)
        threshold = None if chosen is None else chosen.value
        model = Model.of(built.recipe, plan.network, engine.theta, built.dataset, plan.data, threshold)

        def result(place: Path | None) -> Summary:
            return replace(
                summary,
                model=None if place is None else str(place),
                saved=folder.saved,
                certificate=proof,
                origin=origin and origin.origin.model_dump(),
            )

        kept = summary.stopped is Stopped.INTERRUPTED or (checkpoints is not None and checkpoints.saved_last)
        place = folder.finish(model.save, lambda place: result(place).to_json(), kept)
        return result(place)

    @contextmanager
    def _event_file(
        self, folder: RunFolder, built: Built, engine: Engine, listener: Listener
    ) -> Iterator[tuple[Callable[[Event], None], Callable[[EpochEnded], None]]]:
        """Provide what writes TensorBoard's event file, if wanted: for events, and for epochs of an earlier process."""
        if not self.tensorboard:
            yield lambda event: None, lambda epoch: None
            return
        from nntrain.artifacts.tensorboard import TensorBoardFile
        from nntrain.recipe.schema import to_data

        with closing(TensorBoardFile(folder.files, to_data(built.recipe), engine, listener.warn)) as file:
            yield file, file.replay

    def how_to_resume(self) -> list[str]:
        """Return a note on how to continue the run, if it can continue."""
        from nntrain.artifacts.run_files import UNFINISHED, has_checkpoint

        if self.folder is None or not any(map(has_checkpoint, (self.folder.path, self.folder.path / UNFINISHED))):
            return []
        path = shlex.quote(str(self.folder.path))
        return [f"to continue, run the same command with --resume {path}, or: nntrain fit --resume {path}"]


def fit(recipe: str, settings: Sequence[str], out: Path | None, overwrite: bool, listener: Listener) -> Summary:
    """Train the network of the recipe that ``recipe`` names; see :class:`Job`."""
    return Job(recipe, settings, out, overwrite).run(listener)
