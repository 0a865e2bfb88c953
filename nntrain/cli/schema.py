"""``nntrain schema``: the JSON Schema of recipes, and of what commands print with --json."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code
from nntrain.errors import bad_input, nearest


class Kind(StrEnum):
    """What is described."""

    RECIPE = "recipe"
    RESULT = "result"


def command(
    kind: Annotated[
        Kind, typer.Argument(metavar="WHAT", help="recipe, or result: what commands print with --json.")
    ] = Kind.RECIPE,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND",
            help="With result: the command.  [default: all]",
            show_default=False,
            autocompletion=completion.commands_with_json,
        ),
    ] = None,
    code: Code = None,
) -> None:
    """Print the JSON Schema of recipes, or of --json results.

    That of recipes (draft 7) lets editors check and complete them. Save it beside your recipes as recipe.schema.json
    and start them with the line

    # yaml-language-server: $schema=recipe.schema.json

    That of results (2020-12) lists the keys that a command prints with --json, and their types. Keys that are not
    required depend on the options and the splits. Later versions may add keys.
    """
    from nntrain.cli.result import print_json

    if kind is Kind.RESULT:
        print_json(result_schema(name))
    elif name is not None:
        raise bad_input("schema recipe", f"unexpected argument {name!r}", "only result takes a command")
    else:
        print_json(schema())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes."""
    from nntrain.recipe.json_schema import draft7
    from nntrain.recipe.schema import Recipe

    return draft7(Recipe)


def result_schema(command: str | None) -> dict[str, Any]:
    """Return the JSON Schema of a command's --json, or if it is None, those of all commands by name.

    Raises:
        InputError: if there is no such command, or it has no --json.
    """
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    from nntrain.cli.outputs import OUTPUTS

    class Short(GenerateJsonSchema):
        """Leaves out the titles of keys, which repeat them, and writes ``number or null`` as one type."""

        def field_title_should_be_set(self, schema: Any) -> bool:
            """Return whether a key has a title."""
            return False

        def nullable_schema(self, schema: Any) -> dict[str, Any]:
            """Return the schema of a value that may be null."""
            inner = self.generate_inner(schema["schema"])
            return {"type": [inner["type"], "null"]} if inner.keys() == {"type"} else super().nullable_schema(schema)

    def schema_of(name: str) -> dict[str, Any]:
        found = TypeAdapter(OUTPUTS[name]).json_schema(schema_generator=Short)
        found.pop("title", None)
        return {"$schema": Short.schema_dialect, "title": f"nntrain {name} --json", **found}

    if command is None:
        return {name: schema_of(name) for name in OUTPUTS}
    if command not in OUTPUTS:
        hint = f"{nearest(command, OUTPUTS)} allowed: {', '.join(OUTPUTS)}".strip()
        raise bad_input("schema result", f"no command {command!r} with --json", hint)
    return schema_of(command)
