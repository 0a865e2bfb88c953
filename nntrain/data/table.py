"""Tables of the user's: CSV files, read as text so that nothing is guessed, then turned into numbers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import InputError, Problem, bad_input, nearest
from nntrain.files import read_text

if TYPE_CHECKING:
    import polars as pl

MOST_SHOWN = 12  # names of columns, or problems, in a message


@dataclass(frozen=True)
class Table:
    """A table of text: ``source`` names its file."""

    source: str
    columns: "pl.DataFrame"

    def column(self, name: str) -> "pl.Series":
        """Return a column, as it was read.

        Raises:
            InputError: if there is none of that name.
        """
        if name not in self.columns.columns:
            names = self.columns.columns
            shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
            hint = f"{nearest(name, names)} columns: {shown}".strip()
            raise bad_input(self.source, f"no column {name!r}", hint)
        return self.columns[name]

    def stripped(self, name: str) -> "pl.Series":
        """Return a column without blanks around its cells; an empty one is null.

        Raises:
            InputError: if there is none of that name.
        """
        return self.column(name).str.strip_chars().replace("", None)


def read_table(path: str, separator: str = ",") -> Table:
    """Read a CSV file with a line of names first; ``-`` is standard input.

    Raises:
        InputError: if it cannot be read, is empty, is no text or no table.
    """
    import polars as pl  # 0.2 s, for users' tables only

    source, content = read_text(path, "a CSV table with a line of column names")
    try:
        columns = pl.read_csv(io.BytesIO(content.encode()), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise bad_input(source, f"not a CSV table: {str(error).splitlines()[0]}") from None
    repeated = [name for name in columns.columns if name.rpartition("_duplicated_")[0] in columns.columns]
    if repeated:
        raise bad_input(source, f"two columns are called {repeated[0].rpartition('_duplicated_')[0]!r}")
    if columns.height == 0:
        raise bad_input(source, "has column names but no rows")
    return Table(source, columns.rename({name: name.strip() for name in columns.columns}))


def numeric_columns(table: Table, names: Sequence[str]) -> NDArray[np.float64]:
    """Return the columns ``names`` as numbers (N, len(names)).

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
            problems.append(_problem(table, name, int(wrong[0]), wrong.size))
    if problems:
        raise InputError(*problems[:MOST_SHOWN])
    return numbers


def _problem(table: Table, name: str, row: int, count: int) -> Problem:
    found = table.stripped(name)[row]
    what = "an empty cell" if found is None else f"{found!r}"
    others = f" (and {count - 1} more in this column)" if count > 1 else ""
    hint = "fill it in, or leave the row out" if found is None else "leave the column or the row out"
    # a row's line cannot be told for certain: a quoted cell may hold line ends
    return Problem(
        f"{table.source}: column {name!r}, row {row + 1}", f"expected a finite number, found {what}{others}", hint
    )
