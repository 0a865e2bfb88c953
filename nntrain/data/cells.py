"""Recognize cells that are not plain numbers, and say how to fix them."""

import re
from collections.abc import Collection

# what pandas treats as missing, and the '?' of the UCI repository
MISSING = frozenset({"#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?"})
TRUTH = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})")
UNIT = re.compile(r"[$€£¥]?\s*([-+]?\d+(?:\.\d+)?)\s*([%$€£¥]|[a-zA-Zµ°]{1,3})?")


def advice(cells: Collection[str]) -> str:
    """Return how to turn ``cells``, the non-numeric cells of a column, at least one, into numbers, or ''."""
    if all(cell in MISSING for cell in cells):
        return "fill in missing values"
    if all(cell.lower() in TRUTH for cell in cells):
        return "write 1 and 0 for true and false"
    if all(map(DATE.fullmatch, cells)):
        return "write dates as numbers, such as days since a fixed day"
    first = next(iter(cells))
    match = UNIT.fullmatch(first)
    if match and all(map(UNIT.fullmatch, cells)):
        return f"write numbers without units: {match[1]} for {first!r}"
    return ""
