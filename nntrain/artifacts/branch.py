"""Branches: a run that continues another one from one of its epochs, with a changed recipe.

A branch is prepared as a run that was interrupted after that epoch: with the changed recipe, the metrics so far, and
the state as its start state. Then it is continued like any interrupted run.
"""

import shlex
import shutil
from dataclasses import replace
from pathlib import Path

from nntrain.artifacts.certificate import data_fingerprint
from nntrain.artifacts.changes import changes, plain
from nntrain.artifacts.checkpoint import write_state
from nntrain.artifacts.checkpoint_facts import ChangedKey, Origin, facts_of
from nntrain.artifacts.kept_states import start_file
from nntrain.artifacts.lock import LOCK, FolderLock
from nntrain.artifacts.repeat import RunStates
from nntrain.artifacts.run_files import METRICS, RECIPE, STATES, make_new
from nntrain.errors import bad_input, cannot_write
from nntrain.recipe.build import Built, build
from nntrain.recipe.document import dump_document
from nntrain.recipe.files import names_absolute_path, with_path_from
from nntrain.recipe.load import Loaded
from nntrain.recipe.schema import to_data
from nntrain.schedules.plateau import Plateau
from nntrain.training.plan import Plan
from nntrain.training.state import TrainingState
from nntrain.utils.files import make_folder, write_atomically


def changed_plan(run: RunStates, changed: Loaded, epoch: int) -> Built:
    """Return the plan of a branch, if the state of the run after ``epoch`` fits it.

    Raises:
        InputError: if it does not, or anything is wrong with the changed recipe.
    """
    after = build(changed.recipe, changed.document, changed.folder, changed.name)
    old, new = run.built.plan, after.plan
    if new.optimizer.full_batch or old.optimizer.full_batch:
        what = f"{old.optimizer.name} cannot continue in the middle"
        raise bad_input(run.folder, what, "branch a run of an optimizer that takes steps")
    layers = [[(layer.trainable, layer.buffers) for layer in plan.network.layers] for plan in (old, new)]
    for what, same in (
        ("the layers", layers[0] == layers[1]),
        ("training.dtype", old.training.dtype == new.training.dtype),
        ("the number of steps in an epoch", old.steps_per_epoch == new.steps_per_epoch),
        ("the optimizer or what it remembers", _memory(old) == _memory(new)),
    ):
        if not same:
            hint = f"to start a new run with the weights: nntrain fit RECIPE --from {shlex.quote(str(run.folder))}"
            raise bad_input("--set", f"changes {what}, so the state after epoch {epoch:,} does not fit", hint)
    if new.training.epochs <= epoch:
        found = f"found {epoch:,}, but training.epochs is {new.training.epochs:,}: no epoch is left"
        raise bad_input("--at", found, f"add --set training.epochs={2 * epoch}")
    return after


def _memory(plan: Plan) -> tuple[object, ...]:
    training = plan.training
    averaging = training.averaging
    return plan.optimizer.name, plan.state_rows, training.lookahead is None, averaging and averaging.name


def prepare(run: RunStates, changed: Loaded, after: Built, state: TrainingState, out: Path | None) -> Path:
    """Prepare the directory of a branch, which then continues like an interrupted run, and return its path.

    Args:
        run: the run that it continues.
        changed: the changed recipe.
        after: its data and plan.
        state: of the run, after the epoch from which the branch continues.
        out: the directory, which must be empty or not exist; None for a new one under ``runs``.

    Raises:
        InputError: if the directory is not empty, or cannot be written.
    """
    folder = make_new(after.plan.name) if out is None else out
    with FolderLock(folder):
        check_empty(folder)
        try:
            _write(run, changed, after, state, folder)
        except BaseException:
            shutil.rmtree(folder / STATES, ignore_errors=True)
            for name in (METRICS, RECIPE):
                (folder / name).unlink(missing_ok=True)
            raise
    return folder


def check_empty(out: Path | None) -> None:
    """Check that a directory can become that of a branch.

    Raises:
        InputError: if it is not empty.
    """
    try:
        if out is None or not out.exists():
            return
        used = not out.is_dir() or any(file.name != LOCK for file in out.iterdir())
    except OSError as error:
        raise cannot_write(str(out), error, "cannot read this directory") from None
    if used:
        raise bad_input(str(out), "is not an empty directory", "choose another directory for the branch")


def _write(run: RunStates, changed: Loaded, after: Built, state: TrainingState, folder: Path) -> None:
    """Write the files of a branch, its recipe last: without it a directory is no run."""
    old, new = plain(run.built.recipe), plain(after.recipe)
    changed_keys = [ChangedKey(key=key, before=old, after=new) for key, old, new in changes(old, new)]
    origin = Origin(kind="branch", run=str(run.folder), epoch=state.epoch, changes=changed_keys)
    size = run.size_of(state.epoch)
    facts = facts_of(_adapted(state, after.plan), 0, size, new, data_fingerprint(after.dataset), origin)
    make_folder(start_file(folder).parent)
    write_state(start_file(folder), state, facts)
    try:
        with (run.folder / METRICS).open("rb") as file:
            metrics = file.read(size)
    except OSError as error:
        raise bad_input(run.folder / METRICS, f"cannot read: {error.strerror}") from None
    write_atomically(folder / METRICS, metrics)
    absolute = names_absolute_path(changed.recipe)
    recipe = after.recipe if absolute else with_path_from(after.recipe, folder)
    write_atomically(folder / RECIPE, dump_document(to_data(recipe)).encode())


def _adapted(state: TrainingState, plan: Plan) -> TrainingState:
    """Return the state with the policy of the plan's schedule, which takes over what a policy before it has seen."""
    policy, before = plan.schedule.policy() if plan.schedule.reacts else None, state.plateau
    if isinstance(policy, Plateau) and isinstance(before, Plateau):
        policy.best, policy.waited, policy.factor = before.best, before.waited, before.factor
    return replace(state, plateau=policy)
