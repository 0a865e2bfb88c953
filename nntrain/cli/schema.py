"""``nntrain schema``: the JSON Schema of recipes, and of what commands print with --json."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nntrain.cli.arguments import Code
from nntrain.errors import bad_input, nearest

RESULTS = Path(__file__).with_name("results.schema.json")


class Kind(StrEnum):
    """What a schema is of."""

    RECIPE = "recipe"
    RESULT = "result"


def command(
    kind: Annotated[Kind, typer.Argument(help="recipe, or result: what commands print with --json.")] = Kind.RECIPE,
    name: Annotated[
        str | None,
        typer.Argument(metavar="COMMAND", help="With result: a command.  [default: all]", show_default=False),
    ] = None,
    code: Code = None,
) -> None:
    """Print a JSON Schema (draft 7).

    That of recipes lets editors check and complete them. Save it beside your recipes as recipe.schema.json and start
    them with the line

    # yaml-language-server: $schema=recipe.schema.json

    That of results says which keys a command's --json always has, and of which type each key is. A later version may
    add keys.
    """
    from nntrain.cli.result import print_json

    if kind is Kind.RECIPE and name is not None:
        raise bad_input("schema", f"unexpected argument {name!r}", "as in nntrain schema result fit")
    print_json(schema() if kind is Kind.RECIPE else result_schema(name))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes."""
    from nntrain.recipe.json_schema import draft7
    from nntrain.recipe.schema import Recipe

    return draft7(Recipe)


def result_schema(name: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints with --json; None: those of all commands, as definitions.

    Raises:
        InputError: if there is no such command, or it prints no JSON.
    """
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    if name is None:
        return found
    known = found.pop("definitions")
    if name not in known:
        hint = f"{nearest(name, known)} allowed: {', '.join(known)}".strip()
        raise bad_input("schema result", f"no command {name!r} prints JSON", hint)
    return {**found, "title": f"nntrain {name} --json", **known[name]}
