"""Tables of the user's: CSV files, read as text so that nothing is guessed, then turned into numbers."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import InputError, Problem, bad_input, nearest
from nntrain.files import read_text

if TYPE_CHECKING:
    import polars as pl

Separator = Literal[",", ";", "\t", "|", ":", " "]  # what parts cells
MOST_SHOWN = 12  # names of columns, or problems, in a message
OTHERS = (",", ";", "\t", "|")  # what may part cells where the one that was named does not


@dataclass(frozen=True)
class Table:
    """A table of text: ``source`` names its file."""

    source: str
    columns: "pl.DataFrame"

    @cached_property
    def names(self) -> dict[str, None]:
        """The names of its columns, in their order."""
        return dict.fromkeys(self.columns.columns)

    def column(self, name: str) -> "pl.Series":
        """Return a column, as it was read.

        Raises:
            InputError: if there is none of that name.
        """
        if name not in self.names:
            names = list(self.names)
            shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
            hint = separator_hint(names) or f"{nearest(name, names)} columns: {shown}".strip()
            raise bad_input(self.source, f"no column {name!r}", hint)
        return self.columns[name]

    def stripped(self, name: str) -> "pl.Series":
        """Return a column without blanks around its cells; an empty one is null.

        Raises:
            InputError: if there is none of that name.
        """
        return self.column(name).str.strip_chars().replace("", None)


def read_table(path: str, separator: str = ",") -> Table:
    """Read a CSV file with a line of names first; ``-`` is standard input. Blank lines at the end count for nothing.

    Raises:
        InputError: if it cannot be read, is empty, is no text or no table.
    """
    import polars as pl  # 0.2 s, for users' tables only

    source, content = read_text(path, "a CSV table with a line of column names")
    try:
        columns = pl.read_csv(
            io.BytesIO(content.rstrip("\r\n").encode()), separator=separator, infer_schema=False, has_header=False
        )
    except pl.exceptions.PolarsError as error:
        raise _no_table(source, content, separator, str(error).splitlines()[0]) from None
    names = [(name or "").strip() for name in columns.row(0)]
    repeated = next((name for name, count in Counter(names).items() if count > 1 and name), None)
    if repeated is not None:
        raise bad_input(source, f"two columns are called {repeated!r}")
    if columns.height == 1:
        raise bad_input(source, "has column names but no rows")
    # a column without a name cannot be asked for; that of row numbers which pandas writes is one
    named = {place: name for place, name in zip(columns.columns, names, strict=True) if name}
    return Table(source, columns[1:].select(list(named)).rename(named))


def _no_table(source: str, content: str, separator: str, reason: str) -> InputError:
    """Return the error for what polars cannot read, with the first line of another length if there is one."""
    lines = csv.reader(io.StringIO(content), delimiter=separator)
    try:
        length = len(next(lines))
        for cells in lines:
            if len(cells) > length:
                what = f"found {len(cells)} cells, but {length} columns have a name"
                return bad_input(f"{source}:{lines.line_num}", what, separator_hint([content.splitlines()[0]]))
    except (csv.Error, StopIteration):
        pass
    return bad_input(source, f"not a CSV table: {reason}", "look for quotes that are not closed")


def separator_hint(names: Sequence[str]) -> str:
    """Return what may be wrong where a table has one column only, or an empty string."""
    other = next((mark for mark in OTHERS if len(names) == 1 and mark in names[0]), None)
    return (
        other and f"its cells seem to be parted by {other!r}: say so in data.source.separator, or by --separator"
    ) or ""


def numeric_columns(table: Table, names: Sequence[str], otherwise: str = "") -> NDArray[np.float64]:
    """Return the columns ``names`` as numbers (N, len(names)); ``otherwise``: what else can be done about text.

    Raises:
        InputError: if a column is missing, or a cell is empty, no number, NaN or infinite; with column and row.
    """
    import polars as pl

    numbers = np.empty((table.columns.height, len(names)))
    problems = []
    for index, name in enumerate(names):
        found = table.column(name).cast(pl.Float64, strict=False)
        if found.null_count():  # perhaps for a blank
            found = table.stripped(name).cast(pl.Float64, strict=False).fill_null(np.nan)
        numbers[:, index] = found.to_numpy()
        wrong = np.flatnonzero(~np.isfinite(numbers[:, index]))
        if wrong.size:
            problems.append(_problem(table, name, int(wrong[0]), wrong.size, otherwise))
    if problems:
        raise InputError(*problems[:MOST_SHOWN])
    return numbers


def _problem(table: Table, name: str, row: int, count: int, otherwise: str) -> Problem:
    found = table.stripped(name)[row]
    blank = table.columns.width > 1 and all(cell is None for cell in table.columns.row(row))
    what = "a blank line" if blank else "an empty cell" if found is None else f"{found!r}"
    others = f" (and {count - 1} more in this column)" if count > 1 else ""
    hint = "fill it in, or leave the row out" if found is None else f"leave the column or the row out{otherwise}"
    # a row's line cannot be told for certain: a quoted cell may hold line ends
    return Problem(
        f"{table.source}: column {name!r}, row {row + 1}", f"expected a finite number, found {what}{others}", hint
    )
