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
from typing import NamedTuple

from nntrain.data.column_facts import MAX_DISTINCT_KEPT, ColumnFacts, Facts
from nntrain.data.columns import Column
from nntrain.data.columns.boolean import Boolean
from nntrain.data.columns.categorical import Categorical
from nntrain.data.columns.date import Date
from nntrain.data.columns.ignored import Ignore
from nntrain.data.columns.numeric import Numeric
from nntrain.data.text_table import Table

PAIRS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
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
    return role_of(name, ColumnFacts(table, name))


def role_of(name: str, facts: Facts) -> Role:
    """Return the role of the column ``name``, by the rule above, from facts about its cells."""
    if not facts.count:
        return Role(Ignore(), "has no values")
    if {cell.lower() for cell in facts.few_distinct} in PAIRS:
        return Role(Boolean(), "holds true and false")
    if facts.leading_zeros:
        return Role(Categorical(), "holds numbers with leading zeros")
    if facts.known and 2 * facts.numbers > facts.known:
        if IDENTIFIER.fullmatch(name) and facts.different_integers:
            return Role(Ignore(), "looks like an identifier: integers, all different")
        return Role(Numeric(), "holds numbers")
    if facts.other_format:
        return Role(Numeric(), "holds numbers in another format")
    if facts.date_format is not None:
        return Role(Date(), "holds dates")
    distinct, count = facts.distinct, facts.count
    if distinct is None:
        return Role(Ignore(), f"looks like free text: more than {MAX_DISTINCT_KEPT:,} different ones")
    if distinct == count > 2:
        return Role(Ignore(), f"has a different text in each of {count:,} rows")
    if distinct > MAX_LEVELS and 2 * distinct > count:
        return Role(Ignore(), f"looks like free text: {distinct:,} different ones in {count:,} rows")
    if facts.mean_length > FREE_TEXT:
        return Role(Ignore(), "looks like free text: long")
    return Role(Categorical(), f"holds {distinct:,} categories")
