"""``nntrain show``: a recipe with every default filled in, and its network as a table."""

from __future__ import annotations

from nntrain.cli.arguments import Code, JsonOption, Recipe, Settings
from nntrain.cli.loading import load_plan


def command(
    recipe: Recipe,
    settings: Settings = None,
    code: Code = None,
    json: JsonOption = False,
) -> None:
    """Show a complete recipe and its network.

    The recipe has every default filled in. The table of the network lists layers, shapes, parameters, memory, and
    multiply-adds per step.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table, print_text
    from nntrain.recipe.document import LINE_WIDTH, dump_document
    from nntrain.recipe.schema import to_data
    from nntrain.report.tables import network_facts, network_table

    built = load_plan(recipe, settings or [])
    facts = network_facts(built.plan)
    if json:
        print_json({"recipe": to_data(built.recipe), "network": facts})
        return
    console = stdout_console()
    width = min(console.width, LINE_WIDTH) if console.is_terminal else None
    print_text(dump_document(to_data(built.recipe), width) + "\n")
    print_table(network_table(facts, console.width))
