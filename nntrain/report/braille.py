"""Small curves in braille: two dots across and four down in every character."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

# The bit of each dot in U+2800 ... U+28FF, by row and column within the character.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
ACROSS, DOWN = 2, 4
BLANK = 0x2800
LOGARITHMIC_FROM = 20  # times the smallest value that the largest is: a linear axis would show a right angle
DECADES = 6  # at most, of a logarithmic axis; what is smaller lies on its floor


def curves(series: Sequence[tuple[str, Sequence[float]]], width: int, height: int) -> Text:
    """Return curves on one pair of axes, with the largest and smallest value at the left.

    Args:
        series: style and values of each curve; all have the same abscissae. Where two share a character, the later one
            gives it its style.
        width: characters, of which the numbers at the axis take nine.
        height: lines.
    """
    lines = [(style, np.asarray(values, np.float64)) for style, values in series]
    finite = np.concatenate([np.empty(0), *(values[np.isfinite(values)] for _, values in lines)])
    if not finite.size:
        return Text("\n" * (height - 1))
    low, high = float(finite.min()), float(finite.max())
    logarithmic = low >= 0 and high > LOGARITHMIC_FROM * low
    if logarithmic:
        low = max(float(finite.min(where=finite > 0, initial=high)), high / 10**DECADES)
    columns = max(width - 9, 4)
    cells = [[BLANK] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    for style, values in lines:
        for x, y in _points(values, low, high, logarithmic, columns * ACROSS, height * DOWN):
            row, column = y // DOWN, x // ACROSS
            cells[row][column] |= DOTS[y % DOWN][x % ACROSS]
            styles[row][column] = style
    text = Text()
    for row in range(height):
        label = {0: f"{high:.3g}", height - 1: f"{low:.3g}"}.get(
            row, "log" if logarithmic and row == height // 2 else ""
        )
        text.append(f"{label:>8} ", "dim")
        for cell, style in zip(cells[row], styles[row], strict=True):
            text.append(chr(cell), style)
        text.append("" if row == height - 1 else "\n")
    return text


def _points(
    values: NDArray[np.float64], low: float, high: float, logarithmic: bool, width: int, height: int
) -> list[tuple[int, int]]:
    """Return the dots of a curve, as (x, y) from the top left, joined by lines."""

    def scale(numbers: Any) -> Any:
        return np.log10(np.maximum(numbers, low)) if logarithmic else numbers

    bottom, top = scale(low), scale(high)
    count = min(values.size, width)
    (finite,) = np.isfinite(values).nonzero()
    if not finite.size:
        return []
    columns = ((finite + 1) * count - 1) // values.size  # equal parts of the values share one
    levels = np.rint((top - scale(values[finite])) / ((top - bottom) or 1.0) * (height - 1)).astype(np.int64)
    starts = np.diff(columns, prepend=-1).nonzero()[0]
    highest, lowest = np.minimum.reduceat(levels, starts), np.maximum.reduceat(levels, starts)
    firsts, lasts = levels[starts], levels[np.append(starts[1:], levels.size) - 1]
    dots: list[tuple[int, int]] = []
    before: tuple[int, int, int] | None = None
    found = (columns[starts], highest, lowest, firsts, lasts)
    for column, y_high, y_low, first, last in zip(*(numbers.tolist() for numbers in found), strict=True):
        # of the values that share a column of dots, the last one is joined to the next; the others are dots
        x = column * (width - 1) // max(count - 1, 1)
        dots.extend((x, y) for y in range(y_high, y_low + 1))
        if before is not None and before[0] == column - 1:
            dots.extend(_stroke(before[1:], (x, first)))
        before = (column, x, last)
    return dots


def _stroke(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the dots of the line from ``start`` to ``end``, which lies to the right of it."""
    across, down = end[0] - start[0], end[1] - start[1]
    steps = max(across, abs(down), 1)
    return [(start[0] + round(across * k / steps), start[1] + round(down * k / steps)) for k in range(steps + 1)]
