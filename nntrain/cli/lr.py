"""``nntrain lr``: the learning rate range test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, JsonOption, Recipe, Settings
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.doctor.range_test import RangeTest


def command(
    recipe: Recipe,
    settings: Settings = None,
    code: Code = None,
    steps: Annotated[int, typer.Option(min=20, max=100_000, help="Steps of the test.")] = 200,
    json: JsonOption = False,
) -> None:
    """Suggest a learning rate by a range test.

    The recipe is trained once while the learning rate grows from 1e-7 to 100, until the loss explodes. The curve shows
    the smoothed loss over the learning rate, on a logarithmic axis. The suggestion is the middle of the decade over
    which the loss falls most, but at most a third of the learning rate at which the loss is lowest (Smith 2017).
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.range_test import range_text

    found = run(recipe, settings or [], steps)
    if json:
        print_json(found.to_json())
    else:
        print_table(range_text(found, recipe, stdout_console().width))


def run(recipe: str, settings: list[str], steps: int) -> RangeTest:
    """Run the range test of the recipe that ``recipe`` names.

    Raises:
        InputError: if the recipe is wrong, or its optimizer chooses its own steps.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.loading import load_plan
    from nntrain.doctor.range_test import range_test

    plan = load_plan(recipe, settings).plan
    if plan.optimizer.full_batch:
        raise bad_input("lr", f"{plan.optimizer.name} has no learning rate to test", "choose another optimizer")
    with announce_compiling():
        return range_test(plan, steps)
