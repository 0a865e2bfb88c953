"""Recognize cells that are not plain numbers, and say how to fix them."""

import re
from collections.abc import Collection

# what pandas treats as missing, and the '?' of the UCI repository
MISSING = frozenset({"#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?"})
TRUTH = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})
THOUSANDS = re.compile(r"[-+]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d+)?")
DECIMAL_COMMA = re.compile(r"[-+]?(\d*|\d{1,3}([. \u00a0\u202f]\d{3})+),\d+([eE][-+]?\d+)?")
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})")
UNIT = re.compile(r"[$€£¥]?\s*([-+]?\d+(?:\.\d+)?)\s*([%$€£¥]|[a-zA-Zµ°]{1,3})?")


def foreign_number(cells: Collection[str], separator: str) -> str:
    """Return how to rewrite ``cells`` if all are numbers in a format that is not supported, else ''.

    Args:
        cells: the non-numeric cells of a column, at least one.
        separator: of the file; if it is a comma, 1,000 is read as one thousand.
    """
    first = next(iter(cells))
    thousands = all(map(THOUSANDS.fullmatch, cells))
    decimal = all(map(DECIMAL_COMMA.fullmatch, cells))
    if decimal and not (thousands and separator == ","):
        plain = re.sub(r"[^\d,+eE-]", "", first).replace(",", ".")
        return f"write decimal points, not commas: {plain} for {first!r}"
    if thousands:
        return f"write numbers without thousands separators: {re.sub(r'[^0-9.+-]', '', first)} for {first!r}"
    return ""


def advice(cells: Collection[str], separator: str) -> str:
    """Return how to turn ``cells`` into numbers, or '' (arguments as in :func:`foreign_number`)."""
    if all(cell in MISSING for cell in cells):
        return "fill in missing values"
    if found := foreign_number(cells, separator):
        return found
    if all(cell.lower() in TRUTH for cell in cells):
        return "write 1 and 0 for true and false"
    if all(map(DATE.fullmatch, cells)):
        return "write dates as numbers, such as days since a fixed day"
    first = next(iter(cells))
    match = UNIT.fullmatch(first)
    if match and all(map(UNIT.fullmatch, cells)):
        return f"write numbers without units: {match[1]} for {first!r}"
    return ""
