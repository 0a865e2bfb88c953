"""Read a table that is larger than memory: one block of rows after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntrain.data.reading import COMPRESSED, Reading, setting
from nntrain.data.reading.content import STDIN, kind_of, matching, text_of
from nntrain.data.reading.files import Part, checked, same_columns
from nntrain.data.reading.streams import line_blocks
from nntrain.data.text_table import Table
from nntrain.errors import InputError, Place, bad_input

if TYPE_CHECKING:
    import polars as pl

BLOCK_ROWS = 1 << 14  # of a file with typed columns
SIGNATURE = 4096  # bytes at a file's start that show its format
IN_BLOCKS = ("csv", "jsonl", "parquet", "npy")


@dataclass(frozen=True)
class BlockReader:
    """Reads a table in blocks of rows.

    Attributes:
        path: a file, or a pattern that names several.
        reading: how it is read.
        tokens: cells that mark a missing value, besides blank ones.
        sha256: the checksum of the table, for each block.
        for_recipe: whether hints name keys of a recipe, rather than options.
    """

    path: str
    reading: Reading
    tokens: frozenset[str] = frozenset()
    sha256: str = ""
    for_recipe: bool = True

    def check(self) -> None:
        """Check that the table can be read in blocks.

        Raises:
            InputError: if it is no file, or of another format.
        """
        for path, kind in self.files:
            if path == STDIN or not Path(path).is_file():
                raise _not_in_blocks(path, "is no file", "save it to a file")
            if kind not in IN_BLOCKS or (Path(path).suffix.lower() in COMPRESSED and kind in ("parquet", "npy")):
                what = f"is {'compressed ' if kind in IN_BLOCKS else ''}{kind.upper()}"
                raise _not_in_blocks(path, what, "save it as CSV, JSON lines, Parquet or NPY")
            if kind in ("csv", "jsonl") and self.reading.encoding.startswith("utf-16"):
                hint = f"convert it: iconv -f UTF-16 -t UTF-8, and {setting('encoding', 'utf-8', self.for_recipe)}"
                raise _not_in_blocks(path, "is UTF-16 text", hint)

    @cached_property
    def files(self) -> list[tuple[str, str]]:
        """The path and the format of each file."""
        found = []
        for path in matching(self.path):
            start = b""
            if path != STDIN and Path(path).is_file():
                with Path(path).open("rb") as file:
                    start = file.read(SIGNATURE)
            found.append((path, kind_of(path, start, self.reading)))
        return found

    def __iter__(self) -> Iterator[Table]:
        """Yield the blocks of all files, which have the same columns.

        Raises:
            InputError: if a file cannot be read, or a block is no table.
        """
        first: Part | None = None
        for path, kind in self.files:
            names = self.names if kind == "jsonl" else None
            for part in self._parts(path, kind):
                part = part if names is None else _with_columns(part, names)
                first = first or part
                same_columns(first, part)
                columns = part.columns.select(first.columns.columns)
                separator, where = part.separator, part.place
                yield Table(
                    part.source, columns, self.sha256, where, self.reading, separator, self.for_recipe, self.tokens
                )

    @cached_property
    def names(self) -> list[str]:
        """The keys of all lines of JSON, in their order."""
        found: dict[str, None] = {}
        for path, kind in self.files:
            for part in self._parts(path, kind):
                found |= dict.fromkeys(part.columns.columns)
        return list(found)

    def _parts(self, path: str, kind: str) -> Iterator[Part]:
        if kind == "csv":
            return self._csv(path)
        if kind == "jsonl":
            return self._json_lines(path)
        return _parquet(path) if kind == "parquet" else _npy(path)

    def _csv(self, path: str) -> Iterator[Part]:
        """Yield the blocks of a CSV file, each read below the first record, which has the names or shows the width."""
        from nntrain.data.reading.delimited import parse_delimited

        reading, separator, header = self.reading, self.reading.mark(path), ""
        for lines in line_blocks(path, quoted=True):
            text = text_of(path, lines.raw, reading, "csv", self.for_recipe, lines.above)
            if not header:
                columns, place = parse_delimited(path, text, reading, separator, self.for_recipe)
                header = _first_record(text.split("\n", reading.skip_rows)[-1])
                yield Part(path, columns, place, separator)
                continue
            plain, above = reading.model_copy(update={"skip_rows": 0}), lines.above - header.count("\n") - 1
            found = parse_delimited(path, f"{header}\n{text}", plain, separator, self.for_recipe, above)
            yield _below(Part(path, *found, separator), 0 if reading.header else 1)
        if not header:
            raise bad_input(path, "is empty, expected a table")

    def _json_lines(self, path: str) -> Iterator[Part]:
        from nntrain.data.reading.json_lines import parse_json_lines

        for lines in line_blocks(path, quoted=False):
            text = text_of(path, lines.raw, self.reading, "jsonl", self.for_recipe, lines.above)
            yield checked(Part(path, *parse_json_lines(path, text, lines.above)))


def _below(part: Part, rows: int) -> Part:
    """Return a part without its first rows."""
    return Part(part.source, part.columns[rows:], lambda row: part.place(row + rows), part.separator)


def _first_record(text: str) -> str:
    """Return the first record of a CSV text, which may have line ends in quotes."""
    end = text.find("\n")
    while end >= 0 and text.count('"', 0, end) % 2:
        end = text.find("\n", end + 1)
    return text if end < 0 else text[:end]


def _with_columns(part: Part, names: Sequence[str]) -> Part:
    import polars as pl

    there = set(part.columns.columns)
    columns = [pl.col(name) if name in there else pl.lit(None, pl.String).alias(name) for name in names]
    return Part(part.source, part.columns.select(columns), part.place, part.separator)


def _typed(path: str, columns: "pl.DataFrame", start: int) -> Part:
    return checked(Part(path, columns, lambda row: Place(f"{path}, row {row + start + 1}")))


def _parquet(path: str) -> Iterator[Part]:
    """Yield the rows of a Parquet file; at most its largest row group is in memory."""
    import polars as pl

    from nntrain.data.reading.binary import not_parquet

    try:
        rows = pl.scan_parquet(path)
        count = int(rows.select(pl.len()).collect().item())
        for start in range(0, max(1, count), BLOCK_ROWS):
            yield _typed(path, rows.slice(start, BLOCK_ROWS).collect(), start)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise not_parquet(path, error) from None


def _npy(path: str) -> Iterator[Part]:
    """Yield the rows of an NPY file."""
    from nntrain.data.reading import arrays

    start, count = 0, 1
    while start < count:
        try:
            array = np.lib.format.open_memmap(path, mode="r")  # a map of its own for each block: its pages are released
        except (ValueError, OSError, EOFError) as error:
            raise arrays.not_loaded(path, error) from None
        count = len(array) if array.ndim else 1
        yield _typed(path, arrays.npy_columns(path, array[start : start + BLOCK_ROWS] if array.ndim else array), start)
        start += BLOCK_ROWS


def _not_in_blocks(path: str, what: str, hint: str) -> InputError:
    return bad_input(path, f"{what}, which cannot be read in blocks, as a table larger than memory is", hint)
