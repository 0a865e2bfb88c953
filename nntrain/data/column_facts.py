"""Facts about the cells of a column, from which its role follows."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from nntrain.data.cells import MISSING
from nntrain.data.columns.date import date_format
from nntrain.data.text_table import MAX_DISTINCT, Table

if TYPE_CHECKING:
    import polars as pl

FEW = 6  # distinct cells, enough for spellings of true and false, as in True, true, TRUE
LEADING_ZERO = r"^0[0-9]+$"
MAX_DISTINCT_KEPT = 100_000  # distinct cells of a column that is read in blocks


class Facts(Protocol):
    """Facts about the cells of a column; missing cells do not count."""

    @property
    def count(self) -> int:
        """The number of cells."""

    @property
    def known(self) -> int:
        """The number of cells that are no markers of missing values, such as NA."""

    @property
    def numbers(self) -> int:
        """The number of cells that are numbers."""

    @property
    def few_distinct(self) -> list[str]:
        """The distinct cells, if there are at most six; else none."""

    @property
    def distinct(self) -> int | None:
        """The number of distinct cells; None: too many to count."""

    @property
    def leading_zeros(self) -> bool:
        """Whether all cells are digits, some with leading zeros."""

    @property
    def different_integers(self) -> bool:
        """Whether all known cells are integers, and all are different."""

    @property
    def other_format(self) -> bool:
        """Whether all known cells are numbers in another format."""

    @property
    def date_format(self) -> str | None:
        """The date format that reads all cells; None if there is none."""

    @property
    def mean_length(self) -> float:
        """The mean number of characters."""


class ColumnFacts:
    """Facts about a column in memory, each computed when it is needed."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.cells = table.cells(name).drop_nulls()
        self.count = len(self.cells)

    @cached_property
    def distinct_cells(self) -> "pl.Series":
        """The distinct cells, in the order in which they appear."""
        return self.cells.unique(maintain_order=True)

    @property
    def distinct(self) -> int | None:
        """The number of distinct cells."""
        return len(self.distinct_cells)

    @property
    def few_distinct(self) -> list[str]:
        """The distinct cells, if there are at most six; else none."""
        return self.distinct_cells.to_list() if len(self.distinct_cells) <= FEW else []

    @cached_property
    def known_cells(self) -> "pl.Series":
        """The cells that are no markers of missing values."""
        return self.cells.filter(~self.cells.is_in(list(MISSING)))

    @property
    def known(self) -> int:
        """The number of cells that are no markers of missing values."""
        return len(self.known_cells)

    @cached_property
    def numbers(self) -> int:
        """The number of cells that are numbers."""
        numbers = self.table.numbers(self.cells)
        return len(numbers) - numbers.null_count()

    @cached_property
    def digits(self) -> bool:
        """Whether all cells are digits."""
        return bool(self.cells.str.contains(r"^[0-9]+$").all())

    @cached_property
    def any_leading_zero(self) -> bool:
        """Whether a cell is digits with a leading zero."""
        return bool(self.cells.str.contains(LEADING_ZERO).any())

    @property
    def leading_zeros(self) -> bool:
        """Whether all cells are digits, some with leading zeros."""
        return self.digits and self.any_leading_zero

    @cached_property
    def different_integers(self) -> bool:
        """Whether all known cells are integers, and all are different."""
        whole = bool(self.known_cells.str.contains(r"^[0-9]{1,18}$").all())
        return whole and self.known_cells.n_unique() == self.known

    @property
    def known_distinct(self) -> list[str]:
        """The first distinct cells that are no markers of missing values."""
        plain = self.distinct_cells.filter(~self.distinct_cells.is_in(list(MISSING)))
        return plain.head(MAX_DISTINCT).to_list()

    @cached_property
    def other_format(self) -> bool:
        """Whether all known cells are numbers in another format."""
        known = self.known_distinct
        return bool(known) and self.table.other_format(known) is not None

    @cached_property
    def date_format(self) -> str | None:
        """The date format that reads all cells; None if there is none."""
        return date_format(self.distinct_cells.to_list())

    @property
    def length(self) -> int:
        """The number of characters of all cells."""
        return int(self.cells.str.len_chars().sum())

    @property
    def mean_length(self) -> float:
        """The mean number of characters."""
        return float(self.cells.str.len_chars().mean() or 0)  # type: ignore[arg-type]
