"""A table of cells: text, so that no type is guessed, or the typed columns of a file that has types."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nntrain.data.cells import MISSING
from nntrain.data.reading import MARK_NAMES, Reading, setting
from nntrain.data.reading.decimal import PLAIN, NumberFormat, formats_of, other_format
from nntrain.errors import Place, Problem, counted, listed, nearest

if TYPE_CHECKING:
    import polars as pl

MAX_DISTINCT = 1000  # distinct invalid cells that are examined for a hint
DEFAULT = Reading()
EXACT = 2**53  # all whole numbers up to here are float64


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        source: the name of its file.
        columns: its cells: text, of which empty ones are missing, or typed columns.
        sha256: the checksum of the file.
        where_is: returns the place of a row in the file, for messages.
        reading: how the file was read.
        separator: cell separator of a CSV file.
        for_recipe: whether a recipe, rather than an option of a command, says how the file is read.
        tokens: cells that mark a missing value, besides blank ones.
        rows: the position of each row in the file; None: all rows in order.
    """

    source: str
    columns: "pl.DataFrame"
    sha256: str
    where_is: Callable[[int], Place]
    reading: Reading = DEFAULT
    separator: str = ","
    for_recipe: bool = True
    tokens: frozenset[str] = frozenset()
    rows: NDArray[np.int64] | None = None

    @cached_property
    def names(self) -> dict[str, None]:
        """The names of its columns, in order."""
        return dict.fromkeys(self.columns.columns)

    @property
    def number_format(self) -> NumberFormat:
        """How numbers in text are written."""
        return NumberFormat(self.reading.decimal, self.reading.thousands)

    def place(self, row: int) -> Place:
        """Return the file and line of a row."""
        return self.where_is(row if self.rows is None else int(self.rows[row]))

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.columns.height

    def where(self, keep: NDArray[np.bool_]) -> "Table":
        """Return the table with only the rows that ``keep`` (N,) selects."""
        rows = np.flatnonzero(keep) if self.rows is None else self.rows[keep]
        return replace(self, columns=self.columns.filter(keep), rows=rows)

    def missing_columns(self, names: Sequence[str]) -> list[Problem]:
        """Return a problem for each of ``names`` that is not a column."""
        there = list(self.names)
        problems = []
        for name in names:
            if name not in self.names:
                hint = self.names_hint() or f"{nearest(name, there)} columns: {listed(there)}".strip()
                problems.append(Problem(Place(self.source), f"no column {name!r}", hint))
        return problems

    def names_hint(self) -> str:
        """Return what may be wrong with the header if a column is missing, or an empty string."""
        there = list(self.names)
        if not self.reading.header:
            return f"without a header, columns are named by position: {listed(there, 3)}"
        if hint := separator_hint(there, self.separator, self.for_recipe):
            return hint
        numbers = there and all(name.lstrip("+-").replace(".", "", 1).isdecimal() for name in there)
        way = f"add a header with column names, or {setting('header', False, self.for_recipe)}"
        return f"the first line contains numbers: {way}" if numbers else ""

    def cells(self, name: str) -> "pl.Series":
        """Return a column as text without blanks around its cells; missing values are null."""
        import polars as pl

        column = self.columns[name]
        cells = column if column.dtype == pl.String else as_text(column)
        cells = cells.alias("cell").str.strip_chars().replace("", None)  # polars refuses to count one named count
        return cells.replace(dict.fromkeys(self.tokens)) if self.tokens else cells

    def numbers(self, cells: "pl.Series") -> "pl.Series":
        """Return cells as numbers (Float64), null for those that are none."""
        return self.number_format.numbers(cells)

    def plain_numbers(self, name: str) -> NDArray[np.float64] | None:
        """Return a column (N,) if all its cells are finite numbers and plainly written, else None. This is fast."""
        import polars as pl

        column = self.columns[name]
        if self.tokens or not (column.dtype.is_numeric() or (column.dtype == pl.String and self.number_format.plain)):
            return None
        values = column.cast(pl.Float64, strict=False).to_numpy()
        return values if np.isfinite(values).all() else None

    def others(self, cells: "pl.Series", rows: Sequence[int]) -> str:
        """Return how many rows after the first have a wrong cell, with an example of another one; '' for one row."""
        if len(rows) < 2:
            return ""
        first = cells[int(rows[0])]
        other = next((int(row) for row in rows[1:MAX_DISTINCT] if cells[int(row)] != first), None)
        example = ""
        if other is not None:
            line = self.place(other).line
            found = "an empty cell" if cells[other] is None else repr(cells[other])
            example = f", such as {found} in {f'line {line}' if line else f'row {other + 1}'}"
        return f" (and in {counted(len(rows) - 1, 'more row')}{example})"

    def other_format(self, cells: Collection[str]) -> NumberFormat | None:
        """Return the format of numbers that reads all of ``cells``, at least one; None: they read as they are."""
        return other_format(cells, self.separator, self.number_format)


def with_number_format(table: Table) -> Table:
    """Return the table with the number format that reads its numbers in text, if that is not the plain one."""
    import polars as pl

    found: list[NumberFormat] | None = None
    for name in table.names:
        if table.columns[name].dtype != pl.String:
            continue
        cells = table.cells(name).drop_nulls()
        if not len(cells) or not cells[0][-1:].isdigit() or not cells.head(MAX_DISTINCT).str.contains("[,. ']").any():
            continue
        some = [cell for cell in cells.unique().head(MAX_DISTINCT).to_list() if cell not in MISSING]
        formats = [one for one in formats_of(table.separator) if one.reads(some)] if some else []
        if formats and not PLAIN.reads(some):
            found = [one for one in formats if found is None or one in found]
    if not found:
        return table
    update = {"decimal": found[0].decimal, "thousands": found[0].thousands}
    return replace(table, reading=table.reading.model_copy(update=update))


def as_text(column: "pl.Series") -> "pl.Series":
    """Return a typed column as text: whole numbers without a point, dates as in ISO 8601."""
    import polars as pl

    kind = column.dtype
    if kind.is_float():
        whole = (column == column.floor()) & (column.abs() <= EXACT)
        frame = pl.DataFrame({"x": column, "whole": whole.fill_null(False)})
        integer = pl.when(pl.col("whole")).then(pl.col("x")).cast(pl.Int64).cast(pl.String)
        return frame.select(pl.coalesce(integer, pl.col("x").cast(pl.String))).to_series()
    if isinstance(kind, pl.Datetime):
        plain = column if kind.time_zone is None else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return plain.cast(pl.Datetime("us")).dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    if isinstance(kind, pl.Duration):
        return as_text(column.dt.total_microseconds() / 1e6)
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        return pl.Series([None if value is None else str(value) for value in column.to_list()], dtype=pl.String)
    return column.cast(pl.String)


def separator_hint(names: Sequence[str], separator: str, for_recipe: bool) -> str:
    """Return a hint if the only column name suggests another separator, else an empty string."""
    if len(names) != 1:
        return ""
    other = next((mark for mark in LIKELY if mark != separator and mark in names[0]), None)
    if other is None:
        return ""
    return f"looks {MARK_NAMES[other]}-separated; {setting('separator', MARK_NAMES[other], for_recipe)}"


LIKELY = (";", ",", "\t", "|")  # separators that are looked for
