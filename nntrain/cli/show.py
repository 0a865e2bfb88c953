"""``nntrain show``: a recipe with nothing left open, and its network as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Recipe, Settings

if TYPE_CHECKING:
    from nntrain.recipe.build import Built


def command(
    recipe: Recipe,
    settings: Settings = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a recipe complete, and its network.

    All defaults are filled in; the network's table has layers, shapes, parameters, memory and multiply-adds a step.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table, print_text
    from nntrain.recipe.document import LINE_WIDTH, dump_document
    from nntrain.recipe.schema import to_data
    from nntrain.report.tables import network_facts, network_table

    built = show(recipe, settings or [])
    plan = built.plan
    facts = network_facts(plan)
    if json:
        print_json({"recipe": to_data(built.recipe), "network": facts})
        return
    console = stdout_console()
    width = min(console.width, LINE_WIDTH) if console.is_terminal else None
    print_text(dump_document(to_data(built.recipe), width) + "\n")
    print_table(network_table(facts, console.width))


def show(recipe: str, settings: list[str]) -> Built:
    """Return the recipe that ``recipe`` names, overridden by ``settings``, with its data and its plan.

    How its target was read is said on standard error, where that was not certain.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.cli.result import note
    from nntrain.recipe.build import build

    loaded = load_recipe(recipe, settings)
    built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
    note(built.dataset.notes)
    return built
