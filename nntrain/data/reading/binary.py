"""Parquet files and Excel workbooks, whose columns have types."""

import io
from typing import TYPE_CHECKING, Any

from nntrain.data.reading import by_position
from nntrain.errors import InputError, bad_input

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


def read_workbook(source: str, raw: bytes, header: bool, skip_rows: int) -> "pl.DataFrame":
    """Return the columns of the first sheet of an Excel workbook.

    Raises:
        InputError: if it cannot be read, or the package for it is not installed.
    """
    import polars as pl

    try:
        import fastexcel
    except ImportError:
        way = "install it with: pip install 'nntrain[xlsx]', or export the sheet as CSV"
        raise bad_input(source, "an Excel workbook needs the package fastexcel", way) from None
    try:
        rows: dict[str, Any] = {"header_row": skip_rows} if header else {"header_row": None, "skip_rows": skip_rows}
        sheet = fastexcel.read_excel(raw).load_sheet(0, **rows, schema_sample_rows=None)
        frame = pl.DataFrame(sheet)
    except (fastexcel.FastExcelError, ValueError, OSError, pl.exceptions.PolarsError) as error:
        raise bad_input(source, f"not a readable Excel workbook: {_first_line(error)}") from None
    return frame if header else frame.rename(dict(zip(frame.columns, by_position(frame.width), strict=True)))


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
