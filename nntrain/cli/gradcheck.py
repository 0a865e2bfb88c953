"""``nntrain gradcheck``: backpropagation against central differences."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import NAMES, Code, FormatOption, TableFormat
from nntrain.cli.arguments import Settings as Overrides
from nntrain.errors import DivergedError, Status, bad_input

if TYPE_CHECKING:
    from nntrain.diagnostics.compared import Dtype, TensorCheck

DROPOUT = 0.3  # fraction of units dropped in the check of dropout


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE|RUN|MODEL",
            help=f"Recipe to check on its own data: {NAMES}. Without one, every component is checked.",
            autocompletion=completion.targets,
        ),
    ] = None,
    settings: Overrides = None,
    code: Code = None,
    steps: Annotated[
        int, typer.Option(min=0, metavar="N", help="Training steps before the second check of a recipe.")
    ] = 10,
    mutate: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Plant a classic mistake, or all, and test whether it is caught.",
            autocompletion=completion.mistakes,
        ),
    ] = None,
    h: Annotated[
        float | None,
        typer.Option(min=1e-14, max=1.0, metavar="H", help="Difference step.  [default: one chosen per coordinate]"),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Maximum number of training samples.")] = 32,
    dtype: Annotated[
        Literal["float64", "float32"] | None,
        typer.Option(
            metavar="float64|float32",
            help="Gradient to check: float64's against differences, or float32's against float64's.  [default: both]",
        ),
    ] = None,
    form: FormatOption = TableFormat.TABLE,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Check gradients against central differences.

    Without a recipe, every activation, norm and loss is checked in a small network. With one, its network is checked
    with the initial weights and again after some training steps; the gradients of the loss and of the penalty are
    checked separately.

    Each entry of the float64 gradient is compared with a central difference, whose step h is chosen to keep its error
    small. The verdict depends on the worst relative error that the inaccuracy of the difference does not explain: good
    up to 1e-7, fair up to 1e-4, doubtful up to 1e-2, wrong above (the usual thresholds). An array is not checked
    if its gradient cannot be distinguished from rounding error, or if every usable step crosses a kink such as ReLU's
    at 0. The float32 gradient, which training uses, must agree with the float64 gradient within float32 rounding.

    Exits with status 1 if a gradient is wrong or nothing could be checked; with --mutate, if a mistake is not caught;
    and with 3 if training diverges within the steps, after the check of the initial weights.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stderr_console
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.report.gradients import checks_table, mutations_table

    if mutate is not None and (recipe, h, rows, dtype) != (None, None, 32, None):
        raise bad_input("gradcheck", "--mutate uses its own networks and settings", "remove the other arguments")
    if recipe is None and settings:
        raise bad_input("gradcheck", "--set needs a recipe", "name a recipe")
    if mutate is not None:
        from nntrain.diagnostics.mutations import plant

        with announce_compiling():
            planted = plant(mutate)
        if json:
            print_json([asdict(caught) for caught in planted])
        else:
            print_table(mutations_table(planted, table_width(form)), form)
        if not all(caught.caught for caught in planted):
            raise typer.Exit(Status.FAILED)
        return
    with announce_compiling():
        found, diverged = gradcheck(recipe, settings or [], steps, h, rows, dtype)
    if json:
        print_json([_plain(what, check) for what, checks in found.items() for check in checks])
    else:
        print_table(checks_table(found, table_width(form)), form)
    if diverged is not None:
        raise diverged
    every = [check for checks in found.values() for check in checks]
    if not any(check.checked for check in every):
        stderr_console().print("nntrain: gradcheck: nothing could be checked", soft_wrap=True)
    if any(check.failed for check in every) or not any(check.checked for check in every):
        raise typer.Exit(Status.FAILED)


def gradcheck(
    recipe: str | None,
    settings: list[str],
    steps: int,
    h: float | None = None,
    rows: int = 32,
    dtype: Dtype | None = None,
) -> tuple[dict[str, list[TensorCheck]], DivergedError | None]:
    """Return the checks of a recipe's network or of every component, by what was checked.

    If training diverges within the steps, only the initial weights are checked, and the error is returned too.

    Args:
        recipe: a recipe, run or model, as a command's argument names it; None for every component.
        settings: overrides, ``key=value``.
        steps: training steps before the second check.
        h: difference step; None for one chosen per coordinate.
        rows: maximum number of training samples.
        dtype: type of the gradient to check; None for both.

    Raises:
        InputError: if the recipe or its data are wrong.
    """
    from nntrain.activations import Activation
    from nntrain.activations.saturating import Tanh
    from nntrain.cli.loading import load_plan
    from nntrain.diagnostics.gradcheck import Settings, after_steps, check
    from nntrain.diagnostics.small import small_plan
    from nntrain.losses import Loss
    from nntrain.losses.squared_error import MeanSquaredError
    from nntrain.norms import Norm
    from nntrain.registry import members

    how = Settings(rows, h, ("float64", "float32") if dtype is None else (dtype,))
    if recipe is not None:
        plan = load_plan(recipe, settings).plan
        found = {"initial weights": check(plan, settings=how)}
        if steps:
            try:
                found[f"after {steps} steps"] = check(plan, after_steps(plan, steps, rows), settings=how)
            except DivergedError as error:
                return found, error
        return found, None
    plans = {
        f"activation {name}": small_plan(kind.model_validate({}), MeanSquaredError())
        for name, kind in members(Activation).items()
    }
    plans |= {
        f"norm {name}": small_plan(Tanh(), MeanSquaredError(), norm=kind.model_validate({}))
        for name, kind in members(Norm).items()
    }
    plans["dropout"] = small_plan(Tanh(), MeanSquaredError(), dropout=DROPOUT)
    plans |= {f"loss {name}": small_plan(Tanh(), kind.model_validate({})) for name, kind in members(Loss).items()}
    return {what: check(plan, settings=how) for what, plan in plans.items()}, None


def _plain(what: str, check: TensorCheck) -> dict[str, Any]:
    return {"of": what, **asdict(check), "failed": check.failed}
