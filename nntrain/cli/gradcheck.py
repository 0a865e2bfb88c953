"""``nntrain gradcheck``: backpropagation against central differences."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import NAMES, Settings
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from nntrain.diagnostics.gradcheck import TensorCheck

DROPPED = 0.3  # share of the units, in the check of dropout


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE|RUN|MODEL",
            help=f"Recipe whose network is checked, on its own data: {NAMES}.",
            autocompletion=completion.targets,
        ),
    ] = None,
    settings: Settings = None,
    steps: Annotated[int, typer.Option(min=0, help="Steps of training after which a recipe is checked again.")] = 10,
    mutate: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Plant a classic mistake, or all of them, and see if it is caught.",
            autocompletion=completion.mistakes,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Check gradients against central differences.

    In float64, on 32 rows. Without a recipe every activation, layer and loss is checked in a small network; with one,
    its network at the first weights and after some steps, the data's term and the penalty's apart. Shown is the worst
    relative error and two verdicts: the usual thresholds (up to 1e-7 good, 1e-4 fair, 1e-2 doubtful, above wrong) and
    torch's rule (all |a - n| <= 1e-5 + 1e-3 |n|). Coordinates whose step crosses a corner, as ReLU's at 0, are counted
    apart.

    Exit status 1 if a gradient is wrong by either rule; with --mutate, if a mistake was not caught.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.gradients import checks_table, mutations_table

    if recipe is not None and mutate is not None:
        raise bad_input("gradcheck", "--mutate has networks of its own", "leave the recipe out")
    if recipe is None and settings:
        raise bad_input("gradcheck", "--set needs a recipe whose keys it sets", "name one")
    if mutate is not None:
        from nntrain.diagnostics.mutations import plant

        with compiling_said():
            planted = plant(mutate)
        if json:
            print_json([asdict(caught) for caught in planted])
        else:
            print_table(mutations_table(planted, stdout_console().width))
        if not all(caught.caught for caught in planted):
            raise typer.Exit(Status.FAILED)
        return
    with compiling_said():
        found = gradcheck(recipe, settings or [], steps)
    if json:
        print_json([_plain(what, check) for what, checks in found.items() for check in checks])
    else:
        print_table(checks_table(found, stdout_console().width))
    if any(check.failed for checks in found.values() for check in checks):
        raise typer.Exit(Status.FAILED)


def gradcheck(recipe: str | None, settings: list[str], steps: int) -> dict[str, list[TensorCheck]]:
    """Return the checks of a recipe's network, or of every component, by what was checked.

    Raises:
        InputError: if the recipe or its data are wrong.
    """
    from nntrain.activations import Activation
    from nntrain.activations.saturating import Tanh
    from nntrain.cli.show import show
    from nntrain.diagnostics.gradcheck import after_steps, check
    from nntrain.diagnostics.small import small_plan
    from nntrain.losses import Loss
    from nntrain.losses.squared_error import MeanSquaredError
    from nntrain.norms import Norm
    from nntrain.registry import members

    if recipe is not None:
        plan = show(recipe, settings).plan
        found = {"first weights": check(plan)}
        if steps:
            found[f"after {steps} steps"] = check(plan, after_steps(plan, steps))
        return found
    plans = {
        f"activation {name}": small_plan(kind.model_validate({}), MeanSquaredError())
        for name, kind in members(Activation).items()
    }
    plans |= {
        f"norm {name}": small_plan(Tanh(), MeanSquaredError(), norm=kind.model_validate({}))
        for name, kind in members(Norm).items()
    }
    plans["dropout"] = small_plan(Tanh(), MeanSquaredError(), dropout=DROPPED)
    plans |= {f"loss {name}": small_plan(Tanh(), kind.model_validate({})) for name, kind in members(Loss).items()}
    return {what: check(plan) for what, plan in plans.items()}


def _plain(what: str, check: TensorCheck) -> dict[str, Any]:
    return {"of": what, **asdict(check), "failed": check.failed}
