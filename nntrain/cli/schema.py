"""``nntrain schema``: the JSON Schema of recipes, for editors."""

from __future__ import annotations

from typing import Any

from nntrain.cli.arguments import Code


def command(code: Code = None) -> None:
    """Print the JSON Schema of recipes.

    Editors use it (draft 7) to check and complete recipes. Save it beside your recipes as recipe.schema.json and
    start them with the line

    # yaml-language-server: $schema=recipe.schema.json
    """
    from nntrain.cli.result import print_json

    print_json(schema())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes."""
    from nntrain.recipe.json_schema import draft7
    from nntrain.recipe.schema import Recipe

    return draft7(Recipe)
