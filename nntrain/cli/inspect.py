"""``nntrain inspect``: the columns of a table, their roles, and what looks wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import JsonOption, ReadOption
from nntrain.errors import listed, refuse

if TYPE_CHECKING:
    from typing import Any

    from nntrain.data.profile import Profile
    from nntrain.data.table import TableFile
    from nntrain.data.text_table import Table

TableArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="CSV, Parquet, JSON lines, NPY, NPZ or XLSX file, a pattern for several, or - for standard input.",
        show_default=False,
    ),
]
TargetOption = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="Column to predict. Repeatable, for several numbers.")
]
MarkOption = Annotated[
    str | None,
    typer.Option(
        metavar="MARK",
        help="Cell separator: comma, semicolon, tab, pipe, space or colon, or the character.  "
        "[default: detected from the first line]",
        autocompletion=completion.separators,
    ),
]


MAYBE_A_CLASS = {"None", "NULL", "null"}  # markers of missing values that are also names of classes


class Inspected(NamedTuple):
    """A table that was inspected."""

    table: Table
    source: TableFile
    profile: Profile
    findings: list[str]

    @property
    def reading(self) -> dict[str, Any]:
        """The keys of data.source that say how the file is read, where they differ from the defaults."""
        from nntrain.data.reading import MARK_NAMES, Reading

        table = self.table
        found = table.reading.model_dump(exclude_defaults=True)
        if table.separator != Reading().mark(self.source.path):
            found = {"separator": MARK_NAMES[table.separator], **found}
        return found


def command(
    file: TableArgument,
    target: TargetOption = None,
    separator: MarkOption = None,
    read: ReadOption = None,
    json: JsonOption = False,
) -> None:
    """Show a table's columns, and what looks wrong with them.

    Each column is shown with its role, missing and distinct values, range, histogram and relation with the target.
    Below are the things that look wrong: constant, equal or identifying columns, repeated rows, a column that gives the
    target away, rare classes, outliers.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import note, print_json, print_table
    from nntrain.report.profile_table import profile_table

    found = inspect(file, target or [], separator, read or [])
    if json:
        print_json(as_data(found))
        return
    print_table(profile_table(found.profile, found.findings, stdout_console().width))
    if found.reading:
        note([f"read with {listed(f'{key}: {value!r}' for key, value in found.reading.items())}"])
    note(found.profile.target.notes if found.profile.target is not None else ())


def inspect(file: str, targets: list[str], separator: str | None = None, read: list[str] | None = None) -> Inspected:
    """Return the profile of the table ``file`` (``-``: standard input), and what looks wrong.

    Args:
        file: path of the table.
        targets: columns to predict.
        separator: of its cells; None: detected.
        read: how it is read, ``key=value``.

    Raises:
        InputError: if it cannot be read, or a target is not a column.
    """
    from nntrain.data.findings import findings
    from nntrain.data.profile import profile
    from nntrain.data.reading import Reading
    from nntrain.data.reading.files import read_table
    from nntrain.data.table import TableFile
    from nntrain.data.target import target_markers
    from nntrain.recipe.table_options import with_options

    table = read_table(file, with_options(Reading(), read or [], separator), for_recipe=False, detect=True)
    refuse(table.missing_columns(targets))
    markers = target_markers(table, targets)
    keys = {
        **table.reading.model_dump(),
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
        "reading": found.reading,
        "task": None if target is None else "regression" if target.classes is None else "classification",
        "classes": None if classes is None else [{"class": label, "rows": rows} for label, rows in classes.items()],
        "columns": [column.to_json() for column in found.profile.columns],
        "findings": found.findings,
    }
