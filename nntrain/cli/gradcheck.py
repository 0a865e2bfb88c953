"""``nntrain gradcheck``: backpropagation against central differences."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import NAMES
from nntrain.cli.arguments import Settings as Overrides
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from nntrain.diagnostics.compared import Dtype, TensorCheck

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
    settings: Overrides = None,
    steps: Annotated[int, typer.Option(min=0, help="Steps of training after which a recipe is checked again.")] = 10,
    mutate: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Plant a classic mistake, or all of them, and see if it is caught.",
            autocompletion=completion.mistakes,
        ),
    ] = None,
    h: Annotated[
        float | None,
        typer.Option(min=1e-14, max=1.0, help="Step of the differences; without it, one that suits each coordinate."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the training part, at most.")] = 32,
    dtype: Annotated[
        Literal["float64", "float32"] | None,
        typer.Option(help="Check float64's gradient by differences, or float32's by float64's; without it, both."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Check gradients against central differences.

    Without a recipe every activation, norm and loss is checked in a small network; with one, its network at the first
    weights and after some steps, the data's term and the penalty's apart.

    Each number of the float64 gradient is compared with a difference quotient, whose step h is chosen so that its
    error is small. Verdicts are by the usual thresholds of the worst relative error that the quotient's own error does
    not explain: up to 1e-7 good, 1e-4 fair, 1e-2 doubtful, above wrong. A tensor none of whose numbers could be told
    from rounding, or where every such step crosses a corner, as ReLU's at 0, is not checked. The float32 gradient, by
    which networks train, is compared with the float64 one, and is good within its rounding.

    Exit status 1 if a gradient is wrong, or if nothing could be checked; with --mutate, if a mistake was not caught.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.console import stderr_console, stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.gradients import checks_table, mutations_table

    if mutate is not None and (recipe, h, rows, dtype) != (None, None, 32, None):
        raise bad_input("gradcheck", "--mutate has networks and settings of its own", "leave everything else out")
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
        found = gradcheck(recipe, settings or [], steps, h, rows, dtype)
    if json:
        print_json([_plain(what, check) for what, checks in found.items() for check in checks])
    else:
        print_table(checks_table(found, stdout_console().width))
    every = [check for checks in found.values() for check in checks]
    if not any(check.checked for check in every):
        stderr_console().print("nntrain: gradcheck: nothing could be checked here", soft_wrap=True)
    if any(check.failed for check in every) or not any(check.checked for check in every):
        raise typer.Exit(Status.FAILED)


def gradcheck(
    recipe: str | None,
    settings: list[str],
    steps: int,
    h: float | None = None,
    rows: int = 32,
    dtype: Dtype | None = None,
) -> dict[str, list[TensorCheck]]:
    """Return the checks of a recipe's network, or of every component, by what was checked.

    Args:
        recipe: its file or name; None for every component.
        settings: what overrides its keys.
        steps: of training, after which it is checked again.
        h: step of the differences, None for one that suits each coordinate.
        rows: of the training part, at most.
        dtype: whose gradient is checked; None for both.

    Raises:
        InputError: if the recipe or its data are wrong.
        DivergedError: if a number ceases to be finite within the steps.
    """
    from nntrain.activations import Activation
    from nntrain.activations.saturating import Tanh
    from nntrain.cli.show import show
    from nntrain.diagnostics.gradcheck import Settings, after_steps, check
    from nntrain.diagnostics.small import small_plan
    from nntrain.losses import Loss
    from nntrain.losses.squared_error import MeanSquaredError
    from nntrain.norms import Norm
    from nntrain.registry import members

    how = Settings(rows, h, ("float64", "float32") if dtype is None else (dtype,))
    if recipe is not None:
        plan = show(recipe, settings).plan
        found = {"first weights": check(plan, settings=how)}
        if steps:
            found[f"after {steps} steps"] = check(plan, after_steps(plan, steps, rows), settings=how)
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
    return {what: check(plan, settings=how) for what, plan in plans.items()}


def _plain(what: str, check: TensorCheck) -> dict[str, Any]:
    return {"of": what, **asdict(check), "failed": check.failed}
