"""``nntrain inspect``: the columns of a table, their roles, and what looks wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nntrain.errors import refuse

if TYPE_CHECKING:
    from typing import Any

    from nntrain.data.profile import Profile
    from nntrain.data.table import TableFile
    from nntrain.data.text_table import Table

TableArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="CSV file, or - for standard input.", show_default=False)
]
TargetOption = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="Column to predict. Repeatable, for several numbers.")
]
MarkOption = Annotated[
    str | None, typer.Option(metavar="MARK", help="Cell separator.  [default: detected from the first line]")
]


MAYBE_A_CLASS = {"None", "NULL", "null"}  # markers of missing values that are also names of classes


class Inspected(NamedTuple):
    """A table that was inspected."""

    table: Table
    source: TableFile
    profile: Profile
    findings: list[str]


def command(
    file: TableArgument,
    target: TargetOption = None,
    separator: MarkOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a table's columns, and what looks wrong with them.

    Each column is shown with its role, missing and distinct values, range, histogram and relation with the target.
    Below are the things that look wrong: constant, equal or identifying columns, repeated rows, a column that gives the
    target away, rare classes, outliers.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import note, print_json, print_table
    from nntrain.report.profile_table import profile_table

    found = inspect(file, target or [], separator)
    if json:
        print_json(as_data(found))
        return
    print_table(profile_table(found.profile, found.findings, stdout_console().width))
    note(found.profile.target.notes if found.profile.target is not None else ())


def inspect(file: str, targets: list[str], separator: str | None = None) -> Inspected:
    """Return the profile of the table ``file`` (``-``: standard input), and what looks wrong.

    Raises:
        InputError: if it cannot be read, or a target is not a column.
    """
    from nntrain.data.findings import findings
    from nntrain.data.layout import likely_separator
    from nntrain.data.profile import profile
    from nntrain.data.table import TableFile
    from nntrain.data.target import target_markers
    from nntrain.data.text_table import parse_table, read_table_text

    name, text, checksum = read_table_text(file)
    mark = {"\\t": "\t", None: likely_separator(text)}.get(separator, separator)
    table = parse_table(name, text, checksum, mark or ",", "--separator")
    refuse(table.missing_columns(targets))
    markers = target_markers(table, targets)
    keys = {
        "path": file,
        "target": targets or ["-"],
        "missing": [cell for cell in markers if cell not in MAYBE_A_CLASS],
    }
    source = TableFile.model_validate({**keys, "task": "classification" if set(markers) & MAYBE_A_CLASS else "auto"})
    table = replace(table, tokens=source.tokens)
    found = profile(table, source, targets)
    return Inspected(table, source, found, findings(table, found))


def as_data(found: Inspected) -> dict[str, Any]:
    """Return what was found as plain data."""
    classes, target = found.profile.classes, found.profile.target
    return {
        "rows": found.profile.rows,
        "without_target": found.profile.without_target,
        "separator": found.table.separator,
        "task": None if target is None else "regression" if target.classes is None else "classification",
        "classes": None if classes is None else [{"class": label, "rows": rows} for label, rows in classes.items()],
        "columns": [column.to_json() for column in found.profile.columns],
        "findings": found.findings,
    }
