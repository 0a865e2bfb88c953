"""The healthy recipes: those that ``benchmarks.fits`` has verified."""

from collections.abc import Iterator

from benchmarks.fits.cases import Case, cases

ODD = ("shipped_line_search", "shipped_by_hand")  # a search, and a single row


def sound(part: int) -> Iterator[Case]:
    """Yield the healthy recipes of a half."""
    yield from (case for case in cases() if case.kind == "sound" and case.half == part and case.name not in ODD)
