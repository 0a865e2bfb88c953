"""Users' CSV files: read as text, so that no type is guessed, then converted to numbers."""

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data.layout import check_layout, ragged_lines, record_lines, separator_hint
from nntrain.errors import Place, Problem, bad_input, listed, nearest, others, refuse
from nntrain.utils.files import as_text, read_bytes
from nntrain.utils.formats import format_of_text

if TYPE_CHECKING:
    import polars as pl

Separator = Literal[",", ";", "\t", "|", ":", " "]  # between two cells
EXPECTED = "a CSV table"
CHANGED_HINT = "in a recipe, set data.source.sha256: null to accept the change; for a model, name the file with --data"
MAX_DISTINCT = 1000  # distinct invalid cells that are examined for a hint


@dataclass(frozen=True)
class Table:
    """A table of text cells.

    Attributes:
        source: the name of its file.
        columns: its cells; empty ones are null.
        text: the content of the file.
        sha256: its checksum.
        separator: cell separator.
        option: the key or option that sets the separator; ``--separator`` if the table is for a trained model.
        tokens: cells that mark a missing value, besides blank ones.
        rows: the position of each row in the file; None: all rows in order.
    """

    source: str
    columns: "pl.DataFrame"
    text: str
    sha256: str
    separator: str
    option: str
    tokens: frozenset[str] = frozenset()
    rows: NDArray[np.int64] | None = None

    @cached_property
    def names(self) -> dict[str, None]:
        """The names of its columns, in order."""
        return dict.fromkeys(self.columns.columns)

    @cached_property
    def _lines(self) -> Sequence[int]:
        return record_lines(self.text)

    @property
    def for_recipe(self) -> bool:
        """Whether a recipe, rather than a trained model, uses the table."""
        return self.option != "--separator"

    def place(self, row: int) -> Place:
        """Return the file and line of a row."""
        position = row if self.rows is None else int(self.rows[row])
        return Place(self.source, self._lines[position + 1])

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
        if hint := separator_hint(there, self.separator, self.option):
            return hint
        numbers = there and all(name.lstrip("+-").replace(".", "", 1).isdecimal() for name in there)
        return "the first line contains numbers: add a header with column names" if numbers else ""

    def cells(self, name: str) -> "pl.Series":
        """Return a column with blanks around its cells removed; missing values are null."""
        cells = self.columns[name].str.strip_chars().replace("", None)
        return cells.replace(dict.fromkeys(self.tokens)) if self.tokens else cells


def read_table(
    path: str, separator: str = ",", option: str = "data.source.separator", sha256: str | None = None
) -> Table:
    """Read a CSV file with a header; ``-`` is standard input.

    Args:
        path: of the file.
        separator: cell separator.
        option: the key or option that sets the separator, for hints.
        sha256: required checksum; the content of any other file is not revealed. None: accept any file.

    Raises:
        InputError: if it cannot be read, has another checksum, or is not a table.
    """
    return parse_table(*read_table_text(path, sha256), separator, option)


def read_table_text(path: str, sha256: str | None = None) -> tuple[str, str, str]:
    """Return name, text and checksum of the table at ``path``; arguments and errors are those of :func:`read_table`."""
    if sha256 is not None and Path(path).is_fifo():
        raise bad_input(path, "is a pipe, expected a file with the checksum data.source.sha256")
    source, raw = read_bytes(path, EXPECTED)
    checksum = hashlib.sha256(raw).hexdigest()
    if sha256 is not None and checksum != sha256:
        raise bad_input(
            source,
            f"has changed: its sha256 is {checksum[:12]}..., not {sha256[:12]}... as in the recipe",
            CHANGED_HINT,
        )
    text = as_text(source, raw, EXPECTED).rstrip("\r\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # classic Mac line ends
    other = format_of_text(text)
    if other is not None:
        raise bad_input(source, f"{other.name}, expected a CSV table", other.hint)
    return source, text, checksum


def parse_table(source: str, text: str, checksum: str, separator: str, option: str) -> Table:
    """Return the table that a text holds; arguments and errors as of :func:`read_table`."""
    import polars as pl  # takes 0.2 s

    check_layout(source, text, separator, option)
    try:
        columns = pl.read_csv(io.BytesIO(text.encode()), separator=separator, infer_schema=False, has_header=False)
    except pl.exceptions.PolarsError as error:
        refuse(ragged_lines(source, text, separator, option))  # one line has too many cells, another too few
        raise bad_input(source, f"not a valid CSV table: {str(error).splitlines()[0]}") from None
    names = [(name or "").strip() for name in columns.row(0)]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    refuse([Problem(Place(source, 1), f"{names.count(name)} columns are named {name!r}") for name in repeated])
    if columns.height == 1:
        raise bad_input(source, "has column names but no rows")
    # columns without a name, such as pandas' index, are dropped
    named = {place: name for place, name in zip(columns.columns, names, strict=True) if name}
    table = Table(source, columns[1:].select(list(named)).rename(named), text, checksum, separator, option)
    empty = table.columns.select(pl.all_horizontal(pl.all().is_null())).to_series().arg_true()
    if named and len(empty):
        raise bad_input(table.place(empty[0]), f"found an empty row{others(len(empty), 'row')}", "delete empty rows")
    return table
