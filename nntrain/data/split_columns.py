"""Read the column of a table by which its rows are split."""

import numpy as np

from nntrain.data.columns import Column
from nntrain.data.columns.numeric import Numeric
from nntrain.data.roles import find_role
from nntrain.data.split import SPLITS, SplitColumn
from nntrain.data.text_table import Table
from nntrain.errors import Problem, others

WORDS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("validation", "valid", "val", "dev"), 1),
    **dict.fromkeys(("test", "testing"), 2),
}
ORDERED = ("numeric", "date", "ordinal")  # roles of a column that can be a time
Read = tuple[SplitColumn | None, list[Problem]]


def read_split(table: Table, name: str) -> Read:
    """Read a column that says train, validation or test, in any case."""
    cells = table.cells(name).fill_null("").str.to_lowercase().to_list()
    values = np.array([WORDS.get(cell, -1) for cell in cells], np.int64)
    wrong = np.flatnonzero(values < 0)
    if wrong.size:
        hint = f"allowed: {', '.join(SPLITS)}"
        return None, [_problem(table, name, int(wrong[0]), wrong.size, "the split of the row", hint)]
    return SplitColumn(name, "split", values), []


def read_groups(table: Table, name: str) -> Read:
    """Read a column of groups: equal text is the same group."""
    cells = table.cells(name)
    missing = cells.is_null().arg_true()
    if len(missing):
        hint = "fill in missing groups, or remove these rows"
        return None, [_problem(table, name, int(missing[0]), len(missing), "a group", hint)]
    _, index = np.unique(np.array(cells.to_list(), object).astype(str), return_inverse=True)
    return SplitColumn(name, "groups", index.astype(np.int64)), []


def read_time(table: Table, name: str, column: Column | None) -> Read:
    """Read a column of times: numbers or dates. ``column``: its role in the recipe; None: it is detected."""
    role = column or find_role(table, name).column
    numbers = Numeric().read(table, name)
    if role.name == "ignore" and not numbers.problems:  # different in each row
        role = Numeric()
    if role.name not in ORDERED:
        hint = f"write numbers or dates, or set data.source.columns: {{{name}: {{name: date, format: '%d.%m.%Y'}}}}"
        return None, [_problem(table, name, 0, table.height, "a number or a date", hint)]
    raw = numbers if role.name == "numeric" else role.read(table, name)
    if raw.problems:
        return None, list(raw.problems)
    missing = np.flatnonzero(np.isnan(raw.values))
    if missing.size:
        hint = "fill in missing times, or remove these rows"
        return None, [_problem(table, name, int(missing[0]), missing.size, "a time", hint)]
    return SplitColumn(name, "time", raw.values), []


def _problem(table: Table, name: str, row: int, count: int, expected: str, hint: str) -> Problem:
    cell = table.cells(name)[row]
    found = "an empty cell" if cell is None else repr(cell)
    return Problem(table.place(row), f"column {name!r}: expected {expected}, found {found}{others(count, 'row')}", hint)
