"""Parquet files and Excel workbooks, whose columns have types."""

import io
from typing import TYPE_CHECKING, Any

from nntrain.data.reading import Reading, by_position
from nntrain.errors import InputError, bad_input, listed, nearest

if TYPE_CHECKING:
    import polars as pl


OTHER = "if it has another format, set format, as in format: csv"


def read_parquet(source: str, raw: bytes) -> "pl.DataFrame":
    """Return the columns of a Parquet file.

    Raises:
        InputError: if it cannot be read.
    """
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(raw))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise not_parquet(source, error) from None


def not_parquet(source: str, error: BaseException) -> InputError:
    """Return the error for a file that is no Parquet file."""
    return bad_input(source, f"not a valid Parquet file: {_first_line(error)}", OTHER)


def read_workbook(source: str, raw: bytes, reading: Reading, for_recipe: bool = True) -> "pl.DataFrame":
    """Return the columns of a sheet of an Excel workbook; ``for_recipe``: hints name keys of a recipe.

    Raises:
        InputError: if it cannot be read, has no such sheet, or the package for it is not installed.
    """
    import polars as pl

    try:
        import fastexcel
    except ImportError:
        way = "install it with: pip install 'nntrain[xlsx]', or export the sheet as CSV"
        raise bad_input(source, "an Excel workbook needs the package fastexcel", way) from None
    header, skip_rows = reading.header, reading.skip_rows
    try:
        book = fastexcel.read_excel(raw)
        sheet_index = _sheet(source, book.sheet_names, reading.sheet, for_recipe)
        rows: dict[str, Any] = {"header_row": skip_rows} if header else {"header_row": None, "skip_rows": skip_rows}
        sheet = book.load_sheet(sheet_index, **rows, schema_sample_rows=None)
        frame = pl.DataFrame(sheet)
    except (fastexcel.FastExcelError, ValueError, OSError, pl.exceptions.PolarsError) as error:
        raise bad_input(source, f"not a readable Excel workbook: {_first_line(error)}") from None
    return frame if header else frame.rename(dict(zip(frame.columns, by_position(frame.width), strict=True)))


def _sheet(source: str, names: list[str], sheet: str | int | None, for_recipe: bool) -> int:
    """Return the position of a sheet, from 0.

    Raises:
        InputError: if there is no such sheet.
    """
    if sheet is None:
        return 0
    if isinstance(sheet, int) and sheet <= len(names):
        return sheet - 1
    if str(sheet) in names:
        return names.index(str(sheet))
    key = "data.source.sheet" if for_recipe else "--read sheet"
    what = f"no sheet {sheet!r}"
    raise bad_input(source, what, f"{nearest(sheet, names)} sheets for {key}: {listed(names)}".strip())


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
