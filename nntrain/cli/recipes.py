"""``nntrain recipes``: the shipped recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli import completion
from nntrain.errors import bad_input, nearest

SCHEMA = "recipe.schema.json"

app = typer.Typer(rich_markup_mode=None, help="List the shipped recipes, or copy one.")


@app.callback(invoke_without_command=True)
def list_recipes(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the shipped recipes, or copy one."""
    if context.invoked_subcommand is not None:
        return
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.tables import recipes_table

    found = [{"name": name, "about": about(path)} for name, path in _shipped().items()]
    if json:
        print_json(found)
    else:
        print_table(recipes_table(found))


@app.command("copy")
def copy(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of a recipe; see nntrain recipes.",
            show_default=False,
            autocompletion=completion.shipped,
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="File to write; - for standard output.  [default: NAME.yaml]", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Copy a shipped recipe to edit it.

    Also copies recipe.schema.json, unless the directory has one, so that editors can check the recipe. Prints the path
    of the file, or with - the recipe itself.
    """
    from nntrain.cli.result import print_text

    if to == Path("-"):
        print_text(_path(name).read_text(encoding="utf-8"))
        return
    print_text(f"{copy_recipe(name, to, overwrite)}\n")


def copy_recipe(name: str, to: Path | None, overwrite: bool) -> Path:
    """Copy a shipped recipe to a file or into a directory, and return the path of the file.

    Raises:
        InputError: if there is no such recipe, or the file exists or cannot be written.
    """
    from nntrain.utils.files import write_atomically

    source = _path(name)
    target = to or Path(f"{name}.yaml")
    if target.is_dir():
        target = target / f"{name}.yaml"
    if target.exists() and not overwrite:
        raise bad_input(target, "already exists", "choose another name, or add --overwrite")
    write_atomically(target, source.read_bytes())
    schema = target.parent / SCHEMA
    if not schema.exists():
        write_atomically(schema, (source.parent / SCHEMA).read_bytes())
    return target


def about(path: Path) -> str:
    """Return the first comment of a recipe."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("# ") and "$schema" not in line), "")


def _path(name: str) -> Path:
    known = _shipped()
    if name not in known:
        hint = f"{nearest(name, known)} allowed: {', '.join(known)}".strip()
        raise bad_input("recipes copy", f"unknown recipe {name!r}", hint)
    return known[name]


def _shipped() -> dict[str, Path]:
    from nntrain.utils.resources import shipped_recipes

    return shipped_recipes()
