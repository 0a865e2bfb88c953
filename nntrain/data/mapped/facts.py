"""Facts about the cells of a column that is read in blocks."""

import numpy as np

from nntrain.data.cells import MISSING
from nntrain.data.column_facts import FEW, MAX_DISTINCT_KEPT, ColumnFacts
from nntrain.data.columns.date import FORMATS, reading_formats
from nntrain.data.text_table import MAX_DISTINCT, Table


class FactsInBlocks:
    """Facts about a column, gathered from its blocks: those of ColumnFacts, but for what is said here.

    Distinct cells are kept up to 100,000, and of a block of numbers up to 1000. Integers count as all different if
    those of each block are.
    """

    def __init__(self) -> None:
        self.count = self.known = self.numbers = self._length = 0
        self.cells: dict[str, None] = {}  # the first distinct ones, in the order in which they appear
        self.complete = True  # whether these are all
        self.markers: set[str] = set()
        self.other_format = False
        self._digits, self._leading_zero, self._different = True, False, True
        self._formats = list(FORMATS)

    def add(self, table: Table, name: str) -> None:
        """Add the cells of a block."""
        plain = table.plain_numbers(name)
        if plain is not None and len(plain) and (plain != np.floor(plain)).any() and not self.complete:
            self.count, self.known, self.numbers = (one + len(plain) for one in (self.count, self.known, self.numbers))
            self._digits = self._different = False
            self._formats = []
            return
        facts = ColumnFacts(table, name)
        if not facts.count:
            return
        self.count, self.known = self.count + facts.count, self.known + facts.known
        self.numbers, numbers = self.numbers + facts.numbers, facts.numbers == facts.known
        self._digits = self._digits and facts.digits
        self._leading_zero = self._leading_zero or (self._digits and facts.any_leading_zero)
        self._different = self._different and facts.different_integers
        if facts.known < facts.count:
            self.markers |= set(facts.distinct_cells.filter(facts.distinct_cells.is_in(list(MISSING))).to_list())
        if not numbers:
            self._length += facts.length
            self._formats = list(reading_formats(facts.distinct_cells, self._formats))
        else:
            self._formats = []
        if self.complete:
            self._keep(facts, MAX_DISTINCT if numbers else MAX_DISTINCT_KEPT)
            known = [cell for cell in list(self.cells)[:MAX_DISTINCT] if cell not in MISSING]
            self.other_format = bool(known) and table.other_format(known) is not None

    def _keep(self, facts: ColumnFacts, most: int) -> None:
        """Keep the distinct cells, or the first ones of too many."""
        self.cells |= dict.fromkeys(facts.distinct_cells.head(most + 1).to_list())
        if len(self.cells) > most:
            self.complete, self.cells = False, dict.fromkeys(list(self.cells)[:MAX_DISTINCT])

    @property
    def distinct(self) -> int | None:
        """The number of distinct cells; None: too many to count."""
        return len(self.cells) if self.complete else None

    @property
    def few_distinct(self) -> list[str]:
        """The distinct cells, if there are at most six; else none."""
        return list(self.cells) if self.complete and len(self.cells) <= FEW else []

    @property
    def leading_zeros(self) -> bool:
        """Whether all cells are digits, some with leading zeros."""
        return self._digits and self._leading_zero

    @property
    def different_integers(self) -> bool:
        """Whether all known cells are integers, different in each block."""
        return self._different

    @property
    def date_format(self) -> str | None:
        """The date format that reads all cells; None if there is none."""
        return self._formats[0] if self._formats and self.count else None

    @property
    def mean_length(self) -> float:
        """The mean number of characters of cells in blocks that are not all numbers."""
        return self._length / self.count if self.count else 0.0
