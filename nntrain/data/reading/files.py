"""Read the table that a path names, whatever its format."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from nntrain.data.reading import Reading
from nntrain.data.reading.content import STDIN, Content, decompressed, kind_of, read_contents, text_of
from nntrain.data.text_table import DEFAULT, Table, as_text, with_number_format
from nntrain.errors import Place, Problem, bad_input, bad_key, listed, refuse

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Part:
    """The columns of one file or of some of its rows, and the place of each row."""

    source: str
    columns: "pl.DataFrame"
    place: Callable[[int], Place]
    separator: str = ","


def read_table(
    path: str,
    reading: Reading = DEFAULT,
    *,
    for_recipe: bool = True,
    sha256: str | None = None,
    like: str | None = None,
    detect: bool = False,
) -> Table:
    """Read a table.

    Args:
        path: a file, a pattern that names several (``part-*.csv``), or ``-`` for standard input.
        reading: how it is read.
        for_recipe: whether hints name keys of a recipe, rather than options.
        sha256: required checksum; the content of any other file is not revealed. None: accept any file.
        like: a file whose ending counts for standard input.
        detect: find the cell separator and the number format, where ``reading`` leaves them open.

    Raises:
        InputError: if it cannot be read, has another checksum, or is not a table.
    """
    contents, checksum = read_contents(path, sha256)
    parts = [_read(one, reading, for_recipe, like or path, detect) for one in contents]
    part = parts[0] if len(parts) == 1 else _joined(path, parts)
    table = Table(part.source, part.columns, checksum, part.place, reading, part.separator, for_recipe)
    return with_number_format(table) if detect and table.number_format.plain else table


def _read(content: Content, reading: Reading, for_recipe: bool, like: str, detect: bool) -> Part:
    source, raw = content.source, decompressed(content)
    path = like if content.path == STDIN else content.path
    kind, separator = kind_of(path, raw, reading), reading.mark(path)
    if reading.sheet is not None and kind != "xlsx" and for_recipe:
        raise bad_key("data.source.sheet", f"{source} is not an Excel workbook, and has no sheets", "remove the key")
    if kind in ("csv", "jsonl", "json"):
        text = text_of(source, raw, reading, kind, for_recipe)
        if kind == "csv":
            from nntrain.data.layout import likely_separator
            from nntrain.data.reading.delimited import parse_delimited

            if detect and reading.separator is None:
                separator = likely_separator(text, reading.skip_rows)
            return Part(source, *parse_delimited(source, text, reading, separator, for_recipe), separator)
        from nntrain.data.reading.json_lines import parse_json, parse_json_lines

        parse = parse_json if kind == "json" else parse_json_lines
        return checked(Part(source, *parse(source, text)))
    first = 1 + (reading.skip_rows + reading.header if kind == "xlsx" else 0)  # a sheet's rows are numbered
    return checked(
        Part(source, _typed(source, raw, kind, reading, for_recipe), lambda row: Place(f"{source}, row {row + first}"))
    )


def _typed(source: str, raw: bytes, kind: str, reading: Reading, for_recipe: bool) -> "pl.DataFrame":
    from nntrain.data.reading import arrays, binary

    if not raw:
        raise bad_input(source, "is empty, expected a table")
    if kind == "parquet":
        return binary.read_parquet(source, raw)
    if kind == "xlsx":
        return binary.read_workbook(source, raw, reading, for_recipe)
    return arrays.read_npy(source, raw) if kind == "npy" else arrays.read_npz(source, raw)


def checked(part: Part) -> Part:
    """Return a file's columns with blanks around their names removed, after checking that there are some.

    Raises:
        InputError: if there are no columns or no rows, or two have the same name.
    """
    names = [name.strip() for name in part.columns.columns]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    refuse([Problem(Place(part.source), f"{names.count(name)} columns are named {name!r}") for name in repeated])
    if not part.columns.width or not part.columns.height:
        raise bad_input(part.source, "has no columns" if not part.columns.width else "has column names but no rows")
    named = {old: new for old, new in zip(part.columns.columns, names, strict=True) if new}
    return Part(part.source, part.columns.select(list(named)).rename(named), part.place, part.separator)


def _joined(path: str, parts: Sequence[Part]) -> Part:
    """Return the rows of several files, in their order; columns are matched by name."""
    import polars as pl

    names = parts[0].columns.columns
    same_columns(*parts)
    columns = {}
    for name in names:
        pieces = [part.columns[name] for part in parts]
        alike = len({piece.dtype for piece in pieces}) == 1
        columns[name] = pl.concat(pieces if alike else [_text(piece) for piece in pieces])
    starts = list(accumulate((part.columns.height for part in parts), initial=0))

    def place(row: int) -> Place:
        index = bisect_right(starts, row) - 1
        return parts[index].place(row - starts[index])

    return Part(path, pl.DataFrame(columns), place, parts[0].separator)


def same_columns(first: Part, *others: Part) -> None:
    """Check that parts of a table have the columns of the first one.

    Raises:
        InputError: if they do not.
    """
    names = first.columns.columns
    problems = []
    for part in others:
        there = part.columns.columns
        differing = [f"lacks {name!r}" for name in names if name not in there]
        differing += [f"has {name!r} too" for name in there if name not in names]
        if differing:
            what = f"its columns are not those of {first.source}: it {listed(differing, 5)}"
            problems.append(Problem(Place(part.source), what, "files of one table need the same columns"))
    refuse(problems)


def _text(column: "pl.Series") -> "pl.Series":
    import polars as pl

    return column if column.dtype == pl.String else as_text(column)
