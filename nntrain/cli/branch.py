"""``nntrain branch``: continues a run from one of its epochs with a changed recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption, Settings
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.artifacts.repeat import RunStates
    from nntrain.training.state import TrainingState


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
    ],
    at: Annotated[int, typer.Option(min=1, metavar="EPOCH", help="Continue after this epoch.", show_default=False)],
    settings: Settings = None,
    code: Code = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory for the branch.  [default: runs/NAME-TIME]")
    ] = None,
    json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Continue a run from an epoch with a changed recipe.

    The run itself stays as it is. Its weights, optimizer state and metrics up to that epoch become those of the branch,
    and --set changes the recipe from there on: for example the learning rate, the schedule, regularization or the
    number of epochs, but not the layers, the optimizer or the steps in an epoch.

    If the run has not kept its state after that epoch, it is trained again up to there from the nearest one before, and
    its metrics must come out the same. With training.checkpoint.keep_every=N in its recipe, a run keeps a state every N
    epochs. A branch is a run like any other: fit --resume, diff, verify, replay and branch work on it.
    """
    from nntrain.artifacts.branch import changed_plan, check_empty, prepare
    from nntrain.artifacts.repeat import RunStates
    from nntrain.cli.fit import train
    from nntrain.cli.job import Job
    from nntrain.recipe.load import Opened, check

    if not settings:
        raise bad_input("branch", "--set is missing: a branch has another recipe", "add --set KEY=VALUE")
    check_empty(out)
    states = RunStates(run)
    states.check_epoch(at, "--at")
    loaded = states.loaded
    changed = check(Opened(loaded.document, loaded.folder, loaded.name), settings)
    after = changed_plan(states, changed, at)
    folder = prepare(states, changed, after, repeated(states, at, quiet), out)
    train(Job(None, resume=folder), [], json, quiet)


def repeated(states: RunStates, epoch: int, quiet: bool) -> TrainingState:
    """Return the state of a run after an epoch, and say from where it is trained again if it was not kept.

    Raises:
        InputError: if training again gives other metrics than the run has.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.progress import listener_for
    from nntrain.report.run_progress import RunProgress

    with listener_for(RunProgress(), quiet, keep=False) as listener, announce_compiling(listener.note):
        saved = states.nearest(epoch, listener.warn)
        known = 0 if saved is None else saved.facts.epoch
        if known < epoch:
            origin = f"after epoch {known:,}" if known else "at the start"
            listener.note(f"no state was kept after epoch {epoch:,}: training again from the state {origin}")
        return states.after(epoch, saved, listener)
