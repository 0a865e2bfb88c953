"""Numbers in text that are not written as in Python: decimal commas and thousands separators."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntrain.data.reading import setting

if TYPE_CHECKING:
    import polars as pl

BLANKS = "[ \u00a0\u202f]"  # a no-break space separates thousands too


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: decimal mark and thousands separator, None for none."""

    decimal: str = "."
    thousands: str | None = None

    @property
    def plain(self) -> bool:
        """Whether numbers are written as in Python."""
        return self == NumberFormat()

    @property
    def pattern(self) -> str:
        """A regular expression of all numbers in this format."""
        whole = r"\d+"
        if self.thousands is not None:
            whole = rf"(?:\d+|\d{{1,3}}(?:{self._mark}\d{{3}})+)"
        mark = re.escape(self.decimal)
        return rf"^[-+]?(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][-+]?\d+)?$"

    @property
    def described(self) -> str:
        """The format in words."""
        decimal = "decimal commas" if self.decimal == "," else "decimal points"
        if self.thousands is None:
            return decimal
        thousands = {" ": "blanks", ",": "commas", ".": "points", "'": "apostrophes"}[self.thousands]
        return (
            f"{decimal} and {thousands} between thousands" if self.decimal == "," else f"{thousands} between thousands"
        )

    @property
    def _mark(self) -> str:
        return BLANKS if self.thousands == " " else re.escape(self.thousands or "")

    def numbers(self, cells: "pl.Series") -> "pl.Series":
        """Return text cells as numbers, null for those that are none."""
        import polars as pl

        if self.plain:
            return cells.cast(pl.Float64, strict=False)
        cell = pl.col("cells")
        known = cells.to_frame("cells").select(pl.when(cell.str.contains(self.pattern)).then(cell)).to_series()
        if self.thousands is not None:
            known = known.str.replace_all(self._mark, "")
        if self.decimal != ".":
            known = known.str.replace_all(self.decimal, ".", literal=True)
        return known.cast(pl.Float64, strict=False)

    def reads(self, cells: Collection[str]) -> bool:
        """Return whether all text cells are numbers in this format."""
        pattern = re.compile(self.pattern)
        return all(map(pattern.match, cells))


PLAIN = NumberFormat()
# tried in this order; in a file whose separator is a comma, 1,000 is one thousand
COMMAS = (NumberFormat(","), NumberFormat(",", "."), NumberFormat(",", " "), NumberFormat(",", "'"))
POINTS = (NumberFormat(".", "'"), NumberFormat(".", " "))
THOUSANDS = NumberFormat(".", ",")


def other_format(cells: Collection[str], separator: str, current: NumberFormat = PLAIN) -> NumberFormat | None:
    """Return the format that reads all of ``cells``, text that ``current`` does not read; None if there is none.

    Args:
        cells: the cells of a column that are no numbers, at least one.
        separator: of the file.
        current: the format that was tried.
    """
    return next((one for one in formats_of(separator) if one != current and one.reads(cells)), None)


def formats_of(separator: str) -> tuple[NumberFormat, ...]:
    """Return the formats to try for cells of a file, the likeliest first."""
    return (PLAIN, THOUSANDS, *COMMAS, *POINTS) if separator == "," else (PLAIN, *COMMAS, THOUSANDS, *POINTS)


def format_hint(found: NumberFormat, current: NumberFormat, for_recipe: bool) -> str:
    """Return how to set the format ``found`` instead of ``current``."""
    thousands = "null" if found.thousands is None else found.thousands
    changed = [setting("decimal", found.decimal, for_recipe)] if found.decimal != current.decimal else []
    changed += [setting("thousands", thousands, for_recipe)] if found.thousands != current.thousands else []
    return " and ".join(changed)
