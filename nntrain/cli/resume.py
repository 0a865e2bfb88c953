"""``--resume``: the recipe and the checkpoint of the run that continues."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nntrain.errors import InputError, Problem, bad_input, counted, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from nntrain.artifacts.changes import Change
    from nntrain.artifacts.checkpoint import Saved
    from nntrain.artifacts.checkpoint_facts import Origin
    from nntrain.artifacts.run_folder import RunFolder
    from nntrain.recipe.build import Built
    from nntrain.recipe.load import Loaded, Opened
    from nntrain.training.engine import Engine
    from nntrain.training.events import EpochEnded
    from nntrain.training.plan import Plan
    from nntrain.training.state import TrainingState

MOST_COMPARED = 64  # epochs whose learning rates are compared
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


class Beginning(NamedTuple):
    """Where a run continues.

    Attributes:
        saved: the checkpoint or start state; None if the run starts again from its initial weights.
        changes: keys of the recipe that have changed.
    """

    saved: Saved | None
    changes: list[Change]


def begin(folder: RunFolder, built: Built, data: str, allow_change: bool, note: Callable[[str], None]) -> Beginning:
    """Return where the run in a directory continues.

    Raises:
        InputError: if the recipe or the data have changed, unless ``allow_change``, or the run has finished.
    """
    from nntrain.artifacts.changes import changes, plain
    from nntrain.artifacts.checkpoint import read, read_start
    from nntrain.artifacts.run_files import RECIPE, SUMMARY
    from nntrain.recipe.document import load_document
    from nntrain.recipe.schema import parse

    files = _files(folder.path)
    checkpoint = read(files, note)
    saved = checkpoint or read_start(files)
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
    if checkpoint is None:
        if not found and (folder.path / SUMMARY).exists() and not _interrupted(folder.path):
            hint = f"to train longer: --set training.epochs={2 * more}"
            raise bad_input(folder.path, f"has finished: there is nothing left of its {counted(more, 'epoch')}", hint)
        if epochs == 0:
            note("the run has no checkpoint: training starts again, with the same result")
    if epochs:
        note(f"continuing after epoch {epochs:,}")
    return Beginning(saved, found)


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
    from nntrain.artifacts.kept_states import remove_states_after
    from nntrain.artifacts.run_files import METRICS

    state = state_of(saved, engine)
    files = _files(folder.path)
    plan = engine.plan
    further = plan.training.further_metrics(plan.task)
    epochs = read_epochs(files / METRICS, saved.facts.metrics, state.epoch, plan.metric, further)
    folder.resume(files, saved.facts.metrics)
    remove_states_after(folder.files, state.epoch)
    return state, epochs


class FoundOrigin(NamedTuple):
    """The origin of a run, and whether its start state is still to be written."""

    origin: Origin
    is_new: bool


def origin_of(
    folder: RunFolder, begun: Beginning, engine: Engine, weights: str | None, warn: Callable[[str], None]
) -> FoundOrigin | None:
    """Return where a run starts; None if that is the initial weights of its recipe.

    Full-batch optimizers repeat their iterations from the start, so the engine then gets the weights there.

    Args:
        folder: the directory of the run.
        begun: where it continues.
        engine: of the run.
        weights: the model whose weights it starts from, if any.
        warn: called with a message if the start state is damaged, but not needed.

    Raises:
        InputError: if the start state is damaged and needed.
    """
    from nntrain.artifacts.checkpoint import read_start, state_of
    from nntrain.artifacts.checkpoint_facts import Origin

    if weights is not None:
        return FoundOrigin(Origin(kind="weights", run=weights, epoch=0, changes=[]), is_new=True)
    repeats = engine.plan.optimizer.full_batch
    try:
        start = read_start(folder.files)
    except InputError as error:
        if repeats:
            raise
        warn(f"{error}; the run continues, but cannot be repeated from its start")
        start = None
    if start is not None and repeats:
        engine.theta[:] = state_of(start, engine, may_be_last=True).theta
    changed = _changed_origin(begun, folder, engine.plan)
    if changed is not None:
        return FoundOrigin(changed, is_new=True)
    return None if start is None or start.facts.origin is None else FoundOrigin(start.facts.origin, is_new=False)


def _changed_origin(begun: Beginning, folder: RunFolder, plan: Plan) -> Origin | None:
    """Return the origin of a run that continues with a recipe that does not give its past; None if it does."""
    from nntrain.artifacts.checkpoint_facts import ChangedKey, Origin

    saved, changes = begun
    if saved is None or not changes:
        return None
    if saved.facts.origin is not None:  # the whole run follows the changed recipe
        return saved.facts.origin
    if plan.optimizer.full_batch:  # it could not start there
        return None
    if [change.key for change in changes] == ["training.epochs"] and not _depends_on_length(plan, saved, changes[0]):
        return None
    changed = [ChangedKey(key=change.key, before=change.before, after=change.after) for change in changes]
    return Origin(kind="change", run=str(folder.path), epoch=saved.facts.epoch, changes=changed)


def _depends_on_length(plan: Plan, saved: Saved, change: Change) -> bool:
    """Return whether the epochs before a checkpoint would have been others in a run of the new length."""
    import numpy as np

    training = plan.training.model_copy(update={change.key.rpartition(".")[2]: change.before})
    shorter, past = replace(plan, training=training), saved.facts.epoch
    if not np.array_equal(shorter.averages, plan.averages):
        return True
    for epoch in np.unique(np.linspace(0, past, MOST_COMPARED, dtype=np.int64)).tolist():
        where = (epoch * plan.steps_per_epoch, epoch, 1)
        if not np.array_equal(shorter.learning_rates(*where), plan.learning_rates(*where)):
            return True
    return False


def save_start(folder: RunFolder, state: TrainingState, recipe: Mapping[str, Any], data: str, origin: Origin) -> None:
    """Write the start state of a run into its directory.

    Raises:
        NntrainError: if it cannot be written.
    """
    from nntrain.artifacts.checkpoint import write_state
    from nntrain.artifacts.checkpoint_facts import facts_of
    from nntrain.artifacts.kept_states import start_file
    from nntrain.utils.files import make_folder

    place = start_file(folder.files)
    make_folder(place.parent)
    write_state(place, state, facts_of(state, 0, folder.sync_metrics() or 0, recipe, data, origin))
