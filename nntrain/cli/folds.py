"""``nntrain fit --folds``: one run for each fold of a cross-validation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nntrain.cli.job import Job
from nntrain.errors import InputError, Problem, bad_input, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nntrain.cli.progress import Listener
    from nntrain.cli.requirements import Condition
    from nntrain.recipe.load import Opened

RESULT, PREDICTIONS = "folds.json", "predictions.csv"


@dataclass
class Folds:
    """A cross-validation to be made or continued; each fold is a run in a directory of its own.

    Attributes:
        job: how each fold is trained; ``out`` or ``resume`` is the directory of all folds.
        count: number of folds; None: as in the directory that continues.
    """

    job: Job
    count: int | None

    def run(
        self,
        listening: Callable[[], AbstractContextManager[Listener]],
        interrupted: Callable[[], bool],
        conditions: Sequence[Condition],
        note: Callable[[list[str]], None],
    ) -> Iterator[dict[str, Any]]:
        """Train the folds that are not finished, and yield the summary of each fold.

        Args:
            listening: returns what shows the progress of a fold.
            interrupted: returns whether to end early.
            conditions: on the scores; each must name a result that the runs will have.
            note: prints lines.

        Raises:
            InputError: if anything about the recipe, its data or the directory is wrong.
        """
        from nntrain.artifacts.run_files import has_checkpoint

        opened = self._open()
        for number in range(1, self.total + 1):
            folder = self.folder / f"fold-{number}"
            settings = [*self.job.settings, f"data.fold={{number: {number}, of: {self.total}}}"]
            finished = self._finished(folder, opened, settings)
            if finished is not None:
                note([f"fold {number} of {self.total}: finished before"])
                yield finished
                continue
            note([f"fold {number} of {self.total}"])
            started = self.job.resume is not None and (has_checkpoint(folder) or has_checkpoint(folder / ".unfinished"))
            job = replace(
                self.job,
                recipe=opened,
                settings=settings,
                out=None if started else folder,
                resume=folder if started else None,
                overwrite=self.job.overwrite or self.job.resume is not None,
                allow_change=self.job.allow_change and started,
            )
            with listening() as listener:
                yield job.run(listener, interrupted, conditions).to_json()
            if interrupted():
                return

    def how_to_resume(self) -> list[str]:
        """Return a note on how to continue."""
        import shlex

        return [f"to continue: nntrain fit --resume {shlex.quote(str(self.folder))}"]

    def _open(self) -> Opened:
        """Read the recipe, once for all folds, and keep it in the directory."""
        from nntrain.artifacts.lookup import open_recipe
        from nntrain.artifacts.run_files import RECIPE, make_new
        from nntrain.utils.files import make_folder, write_atomically

        if self.job.resume is not None:
            self.folder = self.job.resume
            self.total = stored_count(self.folder)
            if self.count not in (None, self.total):
                hint = "leave out --folds, or start another cross-validation"
                raise bad_input("--folds", f"found {self.count}, but {self.folder} has {self.total} folds", hint)
            return open_recipe(self.job.recipe if isinstance(self.job.recipe, str) else str(self.folder / RECIPE))
        if not isinstance(self.job.recipe, str) or self.count is None:
            raise bad_input("fit", "RECIPE|RUN|MODEL is missing", "name the recipe for the folds")
        self.total = self.count
        opened = open_recipe(self.job.recipe)
        self._check(opened)
        self.folder = self.job.out or make_new(opened.name)
        if (self.folder / RECIPE).exists() and not self.job.overwrite:
            raise bad_input(self.folder, "already holds a run", "choose another directory, or add --overwrite")
        make_folder(self.folder)
        write_atomically(self.folder / RECIPE, _kept_recipe(opened, self.job.settings, self.folder).encode())
        _write(self.folder, {"folds": self.total, "runs": []})
        return opened

    def _check(self, opened: Opened) -> None:
        """Check the recipe and its data before any file is written."""
        from nntrain.recipe.build import build
        from nntrain.recipe.files import files_of
        from nntrain.recipe.load import check

        settings = [*self.job.settings, f"data.fold={{number: 1, of: {self.total}}}"]
        loaded = check(opened, settings)
        if files_of(loaded.recipe.data.source).get("path") == "-":
            what = "a table on standard input can be read only once, and each fold reads it"
            raise bad_input("--folds", what, "save the table to a file")
        build(loaded.recipe, loaded.document, loaded.folder, loaded.name)

    def _finished(self, folder: Path, opened: Opened, settings: list[str]) -> dict[str, Any] | None:
        """Return the summary of a fold that was finished before, or None.

        Raises:
            InputError: if it was trained with another recipe.
        """
        import json

        from nntrain.artifacts.changes import changes, plain
        from nntrain.artifacts.run_files import RECIPE, SUMMARY, settle
        from nntrain.recipe.build import build
        from nntrain.recipe.document import load_document
        from nntrain.recipe.load import check
        from nntrain.recipe.schema import parse
        from nntrain.training.events import Stopped

        if self.job.resume is None or not folder.is_dir():
            return None
        settle(folder)
        if not (folder / SUMMARY).is_file():
            return None
        summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text("utf-8"))
        if summary["stopped"] == Stopped.INTERRUPTED:
            return None
        loaded = check(opened, settings)
        built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
        found = changes(plain(parse(load_document(str(folder / RECIPE)))), plain(built.recipe))
        if found and not self.job.allow_change:
            problems = [Problem(place_of(folder), f"the recipe has changed: {change}") for change in found]
            hint = "start another cross-validation, or add --allow-change to keep the finished folds"
            raise InputError(*problems[:-1], replace(problems[-1], hint=hint))
        return summary


def is_cross_validation(folder: Path) -> bool:
    """Return whether a directory holds a cross-validation."""
    return (folder / RESULT).is_file()


def stored_count(folder: Path) -> int:
    """Return the number of folds of the cross-validation in a directory.

    Raises:
        InputError: if there is none, or its file is damaged.
    """
    import json

    path = folder / RESULT
    if not path.is_file():
        raise bad_input(folder, f"is not a cross-validation: it has no {RESULT}", "leave out --folds")
    try:
        count = json.loads(path.read_text("utf-8"))["folds"]
    except (OSError, ValueError, TypeError, KeyError):
        raise bad_input(path, "is damaged", "start the cross-validation again") from None
    if not isinstance(count, int) or not 2 <= count <= 1000:
        raise bad_input(path, f"found folds: {count!r}, expected 2 to 1000", "start the cross-validation again")
    return count


def _write(folder: Path, result: dict[str, Any]) -> None:
    from nntrain.utils.files import write_atomically
    from nntrain.utils.json import as_json

    write_atomically(folder / RESULT, as_json(result, indent=2))


def _kept_recipe(opened: Opened, settings: Sequence[str], folder: Path) -> str:
    """Return the recipe as written, with its overrides, for a directory of its own."""
    from nntrain.recipe.document import dump_document
    from nntrain.recipe.files import files_of, names_absolute_path, with_absolute_path, with_path_from
    from nntrain.recipe.load import check

    loaded = check(opened, settings)
    recipe = with_absolute_path(loaded.recipe, loaded.folder)
    if not names_absolute_path(loaded.recipe):
        recipe = with_path_from(recipe, folder)
    content: dict[str, Any] = dict(loaded.document.data)
    if files := files_of(recipe.data.source):
        content["data"] = {**content["data"], "source": {**content["data"]["source"], **files}}
    return f"{dump_document({'name': loaded.name, **content})}\n"


def result_of(folder: Path, summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation of the scores over the folds, write them, and the out-of-fold predictions."""
    from nntrain.cli.out_of_fold import write_predictions
    from nntrain.cli.spread import spread

    runs = [{key: summary[key] for key in ("run", "epochs", "stopped")} for summary in summaries]
    predictions = folder / PREDICTIONS
    rows = write_predictions(predictions, [folder / f"fold-{i}" for i in range(1, len(summaries) + 1)])
    result = {
        "run": str(folder),
        "folds": len(summaries),
        **spread(summaries),
        "predictions": str(predictions),
        "predicted_rows": rows,
        "runs": runs,
    }
    _write(folder, result)
    return result
