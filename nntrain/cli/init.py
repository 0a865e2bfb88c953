"""``nntrain init``: a first recipe for a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import JsonOption, ReadOption
from nntrain.cli.inspect import Inspected, MarkOption, TableArgument
from nntrain.errors import bad_input, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.data.profile import Profile
    from nntrain.data.text_table import Table

FEW_MARKERS = 3  # distinct unreadable cells of a column that are taken for markers of missing values


def command(
    file: TableArgument,
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="Column to predict. Repeatable, for several numbers.")
    ],
    separator: MarkOption = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column not to use, such as one that leaks the target. Repeatable."),
    ] = None,
    read: ReadOption = None,
    json: JsonOption = False,
) -> None:
    """Print a commented recipe for a table, ready to run.

    For example: nntrain init houses.csv --target price > houses.yaml. To train at once, end the command with
    | nntrain fit - instead. --json prints the recipe as data, without comments, and what looks wrong with the table.
    """
    from nntrain.cli.result import note, print_json, print_text
    from nntrain.recipe.document import read_document

    text, notes = init(file, target, separator, exclude or [], read)
    if json:
        print_json({"recipe": read_document("init", text).data, "notes": notes})
        return
    note(notes)
    print_text(text)


def init(
    file: str,
    targets: list[str],
    separator: str | None = None,
    exclude: Sequence[str] = (),
    read: list[str] | None = None,
) -> tuple[str, list[str]]:
    """Return a recipe for the table ``file`` without the columns ``exclude``, and what looks wrong with the table.

    The other arguments are those of ``inspect``.

    Raises:
        InputError: if it cannot be read, or a target is not a column.
    """
    from nntrain.cli.inspect import inspect
    from nntrain.recipe.starter import starter

    found = inspect(file, targets, separator, read)
    refuse(found.table.missing_columns(exclude))
    both = next((name for name in exclude if name in targets), None)
    if both is not None:
        raise bad_input("--exclude", f"{both!r} is the target", "exclude other columns")
    found = without(found, exclude)
    missing, roles = repairs(found.table, found.profile)
    missing = [*map(str, found.source.missing), *missing]
    problems = {column.problem.fact for column in found.profile.columns if column.problem is not None}
    notes = [line for line in found.findings if line not in problems]
    return starter(found.profile, file, targets, found.reading, missing, roles, exclude), notes


def without(found: Inspected, exclude: Sequence[str]) -> Inspected:
    """Return what was found out about a table, without some of its columns."""
    if not exclude:
        return found
    from nntrain.data.findings import findings

    kept = tuple(column for column in found.profile.columns if column.name not in exclude)
    raw = {name: raw for name, raw in found.profile.raw.items() if name not in exclude}
    profile = replace(found.profile, columns=kept, raw=raw)
    return found._replace(profile=profile, findings=findings(found.table, profile))


def repairs(table: Table, profile: Profile) -> tuple[list[str], dict[str, str]]:
    """Return the tokens and roles that make columns readable whose cells are not all numbers, dates or truth values."""
    missing: dict[str, None] = {}
    roles: dict[str, str] = {}
    for column in profile.columns:
        if column.problem is None:
            continue
        cells = table.cells(column.name).drop_nulls()
        wrong = cells.filter(table.numbers(cells).is_null()).unique(maintain_order=True).to_list()
        if column.role == "numeric" and len(wrong) <= FEW_MARKERS and len(wrong) < column.distinct / 2:
            missing |= dict.fromkeys(wrong)
        else:
            roles[column.name] = "ignore" if 2 * column.distinct > len(cells) else "categorical"
    return list(missing), roles
