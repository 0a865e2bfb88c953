"""Find the role of a table's column from its cells.

The rule, for a column that the recipe gives no role; missing cells do not count:

============================================================================ ===============
cells                                                                        role
============================================================================ ===============
none                                                                         ignore
true and false, yes and no, t and f, y and n, in any case                    boolean
digits, some with leading zeros, such as 007                                 categorical
integers, all different, in a column named as an identifier                  ignore
numbers                                                                      numeric
dates, all in one known format                                               date
text, different in (nearly) every row, or long                               ignore
other text                                                                   categorical
============================================================================ ===============

A column counts as numbers if more than half of its cells are; the others are then reported, or are missing if they are
well-known markers such as ``NA``. Elsewhere ``NA`` is text: it may be Namibia.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from nntrain.data.cells import MISSING
from nntrain.data.columns import Column
from nntrain.data.columns.boolean import Boolean
from nntrain.data.columns.categorical import Categorical
from nntrain.data.columns.date import Date, date_format
from nntrain.data.columns.ignored import Ignore
from nntrain.data.columns.numeric import Numeric
from nntrain.data.text_table import MAX_DISTINCT, Table

if TYPE_CHECKING:
    import polars as pl

PAIRS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
MAX_TRUTHS = 6  # spellings of true and false, as in True, true, TRUE
LEADING_ZERO = r"^0[0-9]+$"
IDENTIFIER = re.compile(
    r"(?i:id|idx|index|key|nr|no|number|rownames?|row_?(id|nr|no|num(ber)?)|unnamed: ?\d+|__index_level_\d+__"
    r"|.*[ _.-]id)|.*[a-z]I[Dd]"
)
MAX_LEVELS = 200  # more distinct texts than this, in more than half of the rows, are free text
FREE_TEXT = 50  # mean number of characters of free text


class Role(NamedTuple):
    """A role, and why a column has it."""

    column: Column
    reason: str


def find_role(table: Table, name: str) -> Role:
    """Return the role of the column ``name``, by the rule above."""
    cells = table.cells(name).drop_nulls()
    if not len(cells):
        return Role(Ignore(), "has no values")
    distinct = cells.unique(maintain_order=True)
    if len(distinct) <= MAX_TRUTHS and {cell.lower() for cell in distinct} in PAIRS:
        return Role(Boolean(), "holds true and false")
    plain = distinct.filter(~distinct.is_in(list(MISSING)))
    if cells.str.contains(r"^[0-9]+$").all() and cells.str.contains(LEADING_ZERO).any():
        return Role(Categorical(), "holds numbers with leading zeros")
    numbers = table.numbers(cells)
    known = cells.filter(~cells.is_in(list(MISSING)))
    if len(known) and 2 * (len(numbers) - numbers.null_count()) > len(known):
        if _identifies(name, known):
            return Role(Ignore(), "looks like an identifier: integers, all different")
        return Role(Numeric(), "holds numbers")
    if len(plain) and table.other_format(plain.head(MAX_DISTINCT).to_list()) is not None:
        return Role(Numeric(), "holds numbers in another format")
    if date_format(distinct.to_list()) is not None:
        return Role(Date(), "holds dates")
    if len(distinct) == len(cells) > 2:
        return Role(Ignore(), f"has a different text in each of {len(cells):,} rows")
    if len(distinct) > MAX_LEVELS and 2 * len(distinct) > len(cells):
        return Role(Ignore(), f"looks like free text: {len(distinct):,} different ones in {len(cells):,} rows")
    if float(cells.str.len_chars().mean() or 0) > FREE_TEXT:  # type: ignore[arg-type]
        return Role(Ignore(), "looks like free text: long")
    return Role(Categorical(), f"holds {len(distinct):,} categories")


def _identifies(name: str, cells: "pl.Series") -> bool:
    whole = cells.str.contains(r"^[0-9]{1,18}$").all()
    return bool(IDENTIFIER.fullmatch(name)) and whole and cells.n_unique() == len(cells)
