"""Numbers in the text cells of a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nntrain.data.cells import MISSING, advice
from nntrain.data.reading.decimal import format_hint
from nntrain.data.text_table import MAX_DISTINCT, Table
from nntrain.errors import Problem, refuse

if TYPE_CHECKING:
    import polars as pl

Numbers = NDArray[np.float64]
ROLE_HINT = "set data.source.columns: {{{name}: categorical}} or {{{name}: ignore}}"


def read_numbers(table: Table, name: str, otherwise: str | None = None) -> tuple[Numbers, list[Problem]]:
    """Return a column as numbers (N,), NaN where one is missing, and a problem if a cell is not a finite number.

    A blank cell, the table's missing tokens and :data:`MISSING` count as missing. ``otherwise`` is another way to fix
    other cells, for the hint; None: give the column another role.
    """
    plain = table.plain_numbers(name)
    if plain is not None:
        return plain, []
    cells = table.cells(name)
    values = table.numbers(cells).fill_null(np.nan).to_numpy()
    missing = cells.is_null() | cells.is_in(list(MISSING))
    wrong = np.flatnonzero(~np.isfinite(values) & ~missing.to_numpy())
    if not wrong.size:
        return values, []
    return values, [_problem(table, name, cells, wrong, otherwise)]


def numeric_columns(table: Table, names: Sequence[str]) -> Numbers:
    """Return the columns ``names`` as numbers (N, len(names)).

    Raises:
        InputError: if a column is missing, or a cell is not a finite number.
    """
    refuse(table.missing_columns(names))
    numbers, problems = complete_numbers(table, names)
    refuse(problems)
    return numbers


def complete_numbers(table: Table, names: Sequence[str], otherwise: str = "") -> tuple[Numbers, list[Problem]]:
    """Return the columns ``names`` as numbers (N, len(names)), and a problem for each that lacks one."""
    numbers, problems = np.empty((table.height, len(names))), []
    for index, name in enumerate(names):
        numbers[:, index], found = read_numbers(table, name, otherwise)
        missing = np.flatnonzero(np.isnan(numbers[:, index]))
        if missing.size and not found:
            found = [_problem(table, name, table.cells(name), missing, otherwise)]
        problems += found
    return numbers, problems


def _problem(table: Table, name: str, cells: "pl.Series", rows: NDArray[np.int64], otherwise: str | None) -> Problem:
    first = cells[int(rows[0])]
    what = "an empty cell" if first is None else repr(first)
    filled = cells.gather(rows).drop_nulls().unique(maintain_order=True).head(MAX_DISTINCT).to_list()
    ways = [_advice(table, cells, filled) if filled else "fill in missing values"]
    if not ways[0]:
        ways = ["correct the cells"] if rows.size < len(cells) else []
    if rows.size < len(cells):
        ways.append(f"remove the row{'s' * (rows.size > 1)}")
    if otherwise and any(cell not in MISSING for cell in filled):
        ways.append(otherwise)
    elif otherwise is None and table.for_recipe:
        if filled and rows.size < len(cells):
            ways.append(f"set data.source.missing: [{filled[0]!r}] if it marks missing values")
        ways.append(ROLE_HINT.format(name=name))
    what = f"column {name!r}: expected a finite number, found {what}{table.others(cells, rows.tolist())}"
    return Problem(table.place(int(rows[0])), what, ", or ".join(ways))


def _advice(table: Table, cells: "pl.Series", filled: list[str]) -> str:
    """Return how to read or write the cells ``filled`` of a column as numbers, or ''."""
    all_cells = cells.drop_nulls().unique(maintain_order=True).head(MAX_DISTINCT).to_list()
    other = table.other_format([cell for cell in all_cells if cell not in MISSING] or filled)
    if other is None or all(cell in MISSING for cell in filled):
        return advice(filled)
    return f"looks like {other.described}; {format_hint(other, table.number_format, table.for_recipe)}"
