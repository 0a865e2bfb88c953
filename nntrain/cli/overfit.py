"""``nntrain overfit``: whether a network can learn a few rows at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, JsonOption, Recipe, Settings
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from nntrain.doctor.memorize import Memorized


def command(
    recipe: Recipe,
    settings: Settings = None,
    code: Code = None,
    rows: Annotated[int, typer.Option(min=1, help="Training rows to learn.")] = 16,
    steps: Annotated[int, typer.Option(min=1, max=10_000_000, help="Steps, each on all of these rows.")] = 2000,
    json: JsonOption = False,
) -> None:
    """Check whether the network can memorize a few rows.

    It trains on the first training rows. Network, loss and optimizer are the recipe's; regularization, dropout and the
    schedule are off, and every step uses all of these rows. A network that cannot do this has a fault that more data or
    more epochs do not cure: units that are dead or equal, a wrong output or loss, a learning rate that is far off, or
    too few units.

    Exit status: 0 if the loss falls below 2 % of that of the best constant prediction, 1 otherwise.
    """
    from nntrain.cli.result import print_json, print_table

    found = run(recipe, settings or [], rows, steps)
    if json:
        print_json(found.to_json())
    else:
        from rich.text import Text

        print_table(Text(found.text))
    if not found.learned:
        raise typer.Exit(Status.FAILED)


def run(recipe: str, settings: list[str], rows: int, steps: int) -> Memorized:
    """Train the recipe that ``recipe`` names on its first training rows.

    Raises:
        InputError: if the recipe is wrong or has fewer rows.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.loading import load_plan
    from nntrain.doctor.memorize import memorize

    plan = load_plan(recipe, settings).plan
    if rows > len(plan.data.train.x):
        raise bad_input("--rows", f"found {rows}, but the training split has {len(plan.data.train.x)}", "ask for fewer")
    with announce_compiling():
        return memorize(plan, rows, steps)
