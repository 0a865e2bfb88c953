"""CSV and other text with separated cells, read as text."""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from nntrain.data.layout import Layout, record_lines
from nntrain.data.reading import Reading, by_position, setting
from nntrain.errors import Place, Problem, bad_input, others, refuse

if TYPE_CHECKING:
    import polars as pl


def parse_delimited(
    source: str, text: str, reading: Reading, separator: str, for_recipe: bool, above: int = 0
) -> tuple["pl.DataFrame", Callable[[int], Place]]:
    """Return the columns of a CSV text, as text, and the place of each row.

    ``above`` is the number of lines of the file above the text.

    Raises:
        InputError: if it is not a table.
    """
    import polars as pl  # takes 0.2 s

    layout = _layout(source, text, reading, separator, for_recipe, above)
    layout.check()
    file = io.BytesIO(layout.text.encode())
    try:
        columns = pl.read_csv(file, separator=separator, infer_schema=False, has_header=False)
    except pl.exceptions.PolarsError as error:
        refuse(layout.ragged_lines())  # one line has too many cells, another too few
        raise bad_input(source, f"not a valid CSV table: {str(error).splitlines()[0]}") from None
    first = 1 if reading.header else 0  # record of the first row

    @cache
    def lines() -> Sequence[int]:
        return record_lines(layout.text)

    def place(row: int) -> Place:
        return layout.place(lines()[row + first])

    columns = (
        _named(columns, layout)
        if reading.header
        else columns.rename(dict(zip(columns.columns, by_position(columns.width), strict=True)))
    )
    empty = columns.select(pl.all_horizontal(pl.all().is_null())).to_series().arg_true()
    if columns.width and len(empty):
        raise bad_input(place(empty[0]), f"found an empty row{others(len(empty), 'row')}", "delete empty rows")
    return columns, place


def _layout(source: str, text: str, reading: Reading, separator: str, for_recipe: bool, above: int) -> Layout:
    """Return the layout of a text without the lines to skip."""
    skipped = reading.skip_rows
    rest = text.split("\n", skipped)
    if skipped and len(rest) <= skipped:
        what = f"has {len(rest)} lines, but skip_rows is {skipped}"
        raise bad_input(source, what, "skip only the lines above the table")
    return Layout(source, rest[-1], separator, reading.header, skipped + above, for_recipe)


def _named(columns: "pl.DataFrame", layout: Layout) -> "pl.DataFrame":
    """Return the rows below the header under its names; columns without one, such as pandas' index, are dropped."""
    names = [(name or "").strip() for name in columns.row(0)]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    refuse([Problem(layout.place(1), f"{names.count(name)} columns are named {name!r}") for name in repeated])
    if not any(names):
        raise bad_input(layout.place(1), "found no column names", "name the columns in the first line")
    if columns.height == 1:
        raise bad_input(layout.source, "has column names but no rows")
    if columns.width > 2 and sum(map(bool, names)) == 1:
        hint = f"looks like a title; {setting('skip_rows', layout.skipped + 1, layout.for_recipe)}"
        raise bad_input(layout.place(1), f"found a name for only one of {columns.width} columns", hint)
    named = {place: name for place, name in zip(columns.columns, names, strict=True) if name}
    return columns[1:].select(list(named)).rename(named)
