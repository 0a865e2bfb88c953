"""Dates: days since 1970, and their parts."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.data.columns import Column, FittedColumn, Levels, Numbers, Raw
from nntrain.data.columns.values import RawValues
from nntrain.data.text_table import Table
from nntrain.errors import Problem

if TYPE_CHECKING:
    import polars as pl

Format = Annotated[str, Field(pattern=r"^(%[YymdHMSbBejp]|%\.f|[ TZ:/.,-])+$", max_length=60)]
Part = Literal["days", "year", "month", "day", "weekday", "hour"]
# tried in this order; the first that reads all cells is used
FORMATS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
    *("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"),
    *(
        "%Y/%m/%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%m-%d-%Y",
    ),
    *("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"),
)
DAY = 86_400_000_000  # microseconds


class FittedDate(FittedColumn):
    """Numbers of a date, and an indicator of missing ones if the training split had any."""

    name: Literal["date"] = "date"
    format: Format
    parts: Annotated[list[Part], Field(min_length=1)]
    fill: float
    gaps: bool

    def read(self, table: Table) -> Raw:
        """Return days since 1970-01-01."""
        return _read(table, self.column, self.format)

    def features(self) -> tuple[tuple[str, bool], ...]:
        """Return ``column part`` for each part and, with gaps, ``column missing``."""
        parts = [(f"{self.column} {part}", False) for part in self.parts]
        return (*parts, *([(f"{self.column} missing", True)] if self.gaps else []))

    def encode(self, values: Numbers) -> Numbers:
        """Return the parts with missing dates filled in."""
        missing = np.isnan(values)
        days = np.where(missing, self.fill, values)
        whole = np.floor(days).astype("int64").astype("datetime64[D]")
        month, year = whole.astype("datetime64[M]"), whole.astype("datetime64[Y]")
        found = {
            "days": days,
            "year": year.astype(np.int64) + 1970,
            "month": (month - year).astype(np.int64) + 1,
            "day": (whole - month).astype(np.int64) + 1,
            "weekday": (np.floor(days).astype(np.int64) + 3) % 7,  # 1970-01-01 was a Thursday; Monday is 0
            "hour": (days - np.floor(days)) * 24,
        }
        chosen = [found[part] for part in self.parts] + [missing] * self.gaps
        return np.stack(chosen, axis=1).astype(np.float64)


class Date(Column):
    """A date: days since 1970-01-01, month, day of the month and day of the week.

    Formula:
        days = seconds since 1970-01-01 / 86400; month 1 ... 12; day 1 ... 31; weekday 0 (Monday) ... 6

    Source: nntrain.
    """

    name: Literal["date"] = "date"
    format: Annotated[
        Format | None, Field(description="as in strftime, such as %d.%m.%Y; null: detected from the cells")
    ] = None
    parts: Annotated[list[Part], Field(min_length=1, description="the features")] = Field(
        default_factory=lambda: list[Part](["days", "month", "day", "weekday"])
    )

    def read(self, table: Table, name: str) -> Raw:
        """Return days since 1970-01-01; the format is the only level."""
        known = self.format or date_format(table.cells(name).drop_nulls().unique().to_list()) or FORMATS[0]
        return _read(table, name, known)

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedDate:
        """Learn what replaces missing dates: the median."""
        fill = values.fill("median")
        return FittedDate(column=name, format=levels[0], parts=list(self.parts), fill=fill, gaps=values.gaps)


def date_format(cells: list[str]) -> str | None:
    """Return the first known format that reads all cells, or None."""
    import polars as pl

    if not cells or not cells[0][:1].isdigit():
        return None
    return next(reading_formats(pl.Series(cells, dtype=pl.String)), None)


def reading_formats(cells: "pl.Series", formats: Iterable[str] = FORMATS) -> Iterator[str]:
    """Yield those of the formats that read all cells."""
    sample = cells.head(20)
    for known in formats:
        if not _parsed(sample, known).null_count() and not _parsed(cells, known).null_count():
            yield known


def _parsed(cells: "pl.Series", known: str) -> "pl.Series":
    import polars as pl

    if "%H" in known:
        return cells.str.to_datetime(known, strict=False, time_unit="us").cast(pl.Int64)
    return cells.str.to_date(known, strict=False).cast(pl.Int64) * DAY


def _read(table: Table, name: str, known: str) -> Raw:
    import polars as pl

    cells = table.cells(name)
    try:
        values = _parsed(cells, known).cast(pl.Float64) / DAY
    except pl.exceptions.PolarsError:
        values = pl.Series([None] * len(cells), dtype=pl.Float64)
    wrong = (values.is_null() & cells.is_not_null()).arg_true()
    problems = []
    if len(wrong):
        found = f"{cells[wrong[0]]!r}{table.others(cells, wrong.to_list())}"
        what = f"column {name!r}: expected a date as {known}, found {found}"
        problems.append(Problem(table.place(wrong[0]), what, f"write dates as {known}"))
    return Raw(values.fill_null(float("nan")).to_numpy(), (known,), tuple(problems))
