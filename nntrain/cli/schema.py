"""``nntrain schema``: what editors check and complete recipes with."""

from typing import Any


def command() -> None:
    """Print the JSON Schema of recipes.

    Draft 7, which editors check and complete by. Save it beside your recipes and begin them with:
    # yaml-language-server: $schema=recipe.schema.json
    """
    from nntrain.cli.result import print_json

    print_json(schema())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes."""
    from nntrain.recipe.json_schema import draft7
    from nntrain.recipe.schema import Recipe

    return draft7(Recipe)
