"""``nntrain replay``: takes one step of a run again, and shows its values."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption
from nntrain.errors import bad_input, counted

if TYPE_CHECKING:
    from nntrain.artifacts.repeat import RunStates
    from nntrain.training.events import StepRecord
    from nntrain.training.state import TrainingState


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
    ],
    at: Annotated[
        int, typer.Option(min=1, metavar="STEP", help="The step, counted from 1 over the run.", show_default=False)
    ],
    code: Code = None,
    json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Take one step of a run again, to the bit, and show its values.

    Shows the rows of the batch, the loss before the step, and of each layer the norm of its parameters, the largest
    absolute activation, the norm of the gradient (with penalties, before clipping) and the norm of the update.

    The run is trained again up to that step from the nearest state that it has kept before, and its metrics must come
    out the same. With training.checkpoint.keep_every=N in its recipe, a run keeps a state every N epochs.
    """
    from rich.console import Group

    from nntrain.artifacts.repeat import RunStates
    from nntrain.cli.branch import repeated
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.report.step_record import step_text

    states = RunStates(run)
    check_step(states, at)
    epoch = (at - 1) // states.built.plan.steps_per_epoch
    found = replay(states, repeated(states, epoch, quiet), at)
    if json:
        print_json(asdict(found))
    else:
        print_table(Group(*step_text(found, states.built.plan.steps_per_epoch, table_width())))


def check_step(states: RunStates, step: int) -> None:
    """Check that a run has taken a step.

    Raises:
        InputError: if not, or if its optimizer takes none.
    """
    plan = states.built.plan
    if plan.optimizer.full_batch:
        raise bad_input(states.folder, f"{plan.optimizer.name} takes no steps of its own that could be repeated")
    last = max(states.epochs * plan.steps_per_epoch, states.last_step)
    if step > last:
        raise bad_input("--at", f"found {step:,}, but the run has {counted(last, 'step')}", f"use 1 to {last}")


def replay(states: RunStates, state: TrainingState, step: int) -> StepRecord:
    """Return the values of a step, from the state after the epoch before it.

    Raises:
        InputError: if the rest of its epoch does not give the loss that the run has recorded.
    """
    import numpy as np

    from nntrain.training.recorder import record_step

    engine = states.engine
    plan, rows = engine.plan, engine.plan.batch_rows
    engine.theta[:], engine.state[:] = state.theta, state.optimizer
    order, rates = plan.order(state.epoch), plan.learning_rates(state.step, state.epoch, 1)[0]
    if state.plateau is not None:
        rates = rates * state.plateau.factor
    index = step - 1 - state.step
    with engine.pool.at_work():
        losses = engine.take_steps(order[: index * rows], state.step, rates[:index])
        batch = order[index * rows : (index + 1) * rows]
        found = record_step(engine, batch, step - 1, float(rates[index]), state.epoch + 1)
        if found.not_finite is None:
            rest = engine.take_steps(order[(index + 1) * rows :], step, rates[index + 1 :])
            losses = np.concatenate([losses, [found.loss], rest])
    if state.epoch < states.epochs:
        loss = engine.epoch_loss(losses, order) if losses.size == rates.size else np.nan
        states.check_loss(state.epoch + 1, float(loss))
    return found
