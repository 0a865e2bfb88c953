"""``nntrain init``: a first recipe for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.inspect import MarkOption, TableArgument
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.data.profile import Profile
    from nntrain.data.text_table import Table

FEW_MARKERS = 3  # distinct unreadable cells of a column that are taken for markers of missing values


def command(
    file: TableArgument,
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="Column to predict. Repeatable, for several numbers.")
    ],
    separator: MarkOption = None,
) -> None:
    """Print a commented recipe for a table, ready to run.

    For example: nntrain init houses.csv --target price > houses.yaml. To train at once, end the command with
    | nntrain fit - instead.
    """
    from nntrain.cli.result import note, print_text

    text, notes = init(file, target, separator)
    note(notes)
    print_text(text)


def init(file: str, targets: list[str], separator: str | None = None) -> tuple[str, list[str]]:
    """Return a recipe for the table ``file``, and what looks wrong with the table.

    Raises:
        InputError: if it cannot be read, or a target is not a column.
    """
    from nntrain.cli.inspect import inspect
    from nntrain.recipe.starter import starter

    if file == "-":
        raise bad_input("-", "a recipe needs the path of the table", "save the table to a file first")
    found = inspect(file, targets, separator)
    missing, roles = repairs(found.table, found.profile)
    missing = [*map(str, found.source.missing), *missing]
    problems = {column.problem.fact for column in found.profile.columns if column.problem is not None}
    notes = [line for line in found.findings if line not in problems]
    return starter(found.profile, file, targets, found.table.separator, missing, roles), notes


def repairs(table: Table, profile: Profile) -> tuple[list[str], dict[str, str]]:
    """Return the tokens and roles that make columns readable whose cells are not all numbers, dates or truth values."""
    import polars as pl

    missing: dict[str, None] = {}
    roles: dict[str, str] = {}
    for column in profile.columns:
        if column.problem is None:
            continue
        cells = table.cells(column.name).drop_nulls()
        wrong = cells.filter(cells.cast(pl.Float64, strict=False).is_null()).unique(maintain_order=True).to_list()
        if column.role == "numeric" and len(wrong) <= FEW_MARKERS and len(wrong) < column.distinct / 2:
            missing |= dict.fromkeys(wrong)
        else:
            roles[column.name] = "ignore" if 2 * column.distinct > len(cells) else "categorical"
    return list(missing), roles
