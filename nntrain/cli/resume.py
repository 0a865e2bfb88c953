"""``--resume``: the recipe and the checkpoint of the run that continues."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nntrain.errors import InputError, Problem, bad_input, counted, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nntrain.artifacts.checkpoint import Saved
    from nntrain.artifacts.run_folder import RunFolder
    from nntrain.recipe.build import Built
    from nntrain.recipe.load import Loaded, Opened
    from nntrain.training.engine import Engine
    from nntrain.training.events import EpochEnded
    from nntrain.training.state import TrainingState

ALLOW = "add --allow-change to continue with the changed recipe"


def load(run: Path, recipe: str | Opened | None, settings: Sequence[str]) -> Loaded:
    """Return the recipe ``recipe``, or else that of the run in the directory ``run``, with ``settings`` applied.

    Raises:
        InputError: if ``run`` is not a run directory, or anything is wrong with the recipe.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.artifacts.run_files import RECIPE
    from nntrain.recipe.document import load_document
    from nntrain.recipe.load import Opened, check

    path = _files(run) / RECIPE
    if not path.is_file():
        raise bad_input(run, f"is not a run directory: it has no {RECIPE}", "name the directory of the run")
    if recipe is not None:
        return load_recipe(recipe, settings)
    return check(Opened(load_document(str(path)), run, run.resolve().name), settings)


def _files(run: Path) -> Path:
    """Return where the files of the run that continues are: the newer, unfinished run, if it can continue."""
    from nntrain.artifacts.run_files import UNFINISHED, has_checkpoint

    return run / UNFINISHED if has_checkpoint(run / UNFINISHED) else run


def begin(folder: RunFolder, built: Built, data: str, allow_change: bool, note: Callable[[str], None]) -> Saved | None:
    """Return the checkpoint to continue from; None if the run starts again, as it has none.

    Raises:
        InputError: if the recipe or the data have changed, unless ``allow_change``, or the run has finished.
    """
    from nntrain.artifacts.changes import changes, plain
    from nntrain.artifacts.checkpoint import read
    from nntrain.artifacts.run_files import RECIPE, SUMMARY
    from nntrain.recipe.document import load_document
    from nntrain.recipe.schema import parse

    files = _files(folder.path)
    saved = read(files, note)
    if saved is not None:
        before, epochs = saved.facts.recipe, saved.facts.epoch
    else:
        before, epochs = plain(parse(load_document(str(files / RECIPE)))), 0
    found = changes(before, plain(built.recipe))
    more = built.plan.training.epochs
    problems, place = [], place_of(folder.path)
    for change in found:
        longer = change.key == "training.epochs" and isinstance(change.before, int) and more > change.before
        if not longer:
            problems.append(Problem(place, f"the recipe has changed: {change}"))
    if saved is not None and saved.facts.data != data:
        problems.append(Problem(place, "the data have changed since the run was interrupted"))
    if problems and not allow_change:
        raise InputError(*problems[:-1], replace(problems[-1], hint=ALLOW))
    if saved is None:
        if not found and (folder.path / SUMMARY).exists() and not _interrupted(folder.path):
            hint = f"to train longer: --set training.epochs={2 * more}"
            raise bad_input(folder.path, f"has finished: there is nothing left of its {counted(more, 'epoch')}", hint)
        note("the run has no checkpoint: training starts again, with the same result")
    elif epochs:
        note(f"continuing after epoch {epochs:,}")
    return saved


def _interrupted(run: Path) -> bool:
    from nntrain.artifacts.history import read_history
    from nntrain.training.events import Stopped

    return bool(read_history(run).summary["stopped"] == Stopped.INTERRUPTED)


def restore(folder: RunFolder, saved: Saved, engine: Engine) -> tuple[TrainingState, list[EpochEnded]]:
    """Return the state in a checkpoint and the epochs before it, and open the directory to continue.

    Raises:
        InputError: if the checkpoint does not fit the run, or its metrics are damaged.
    """
    from nntrain.artifacts.checkpoint import state_of
    from nntrain.artifacts.epoch_lines import read_epochs
    from nntrain.artifacts.run_files import METRICS

    state = state_of(saved, engine)
    files = saved.path.parent
    plan = engine.plan
    further = plan.training.further_metrics(plan.task)
    epochs = read_epochs(files / METRICS, saved.facts.metrics, state.epoch, plan.metric, further)
    folder.resume(files, saved.facts.metrics)
    return state, epochs
