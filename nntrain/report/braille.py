"""Small curves in braille: two dots across and four down in every character."""

from collections.abc import Sequence
from math import isfinite, log10

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
    finite = [value for _, values in series for value in values if isfinite(value)]
    if not finite:
        return Text("\n" * (height - 1))
    low, high = min(finite), max(finite)
    logarithmic = low >= 0 and high > LOGARITHMIC_FROM * low
    if logarithmic:
        low = max(min((value for value in finite if value > 0), default=high), high / 10**DECADES)
    columns = max(width - 9, 4)
    cells = [[BLANK] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    for style, values in series:
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
    values: Sequence[float], low: float, high: float, logarithmic: bool, width: int, height: int
) -> list[tuple[int, int]]:
    """Return the dots of a curve, as (x, y) from the top left, joined by lines."""

    def scale(value: float) -> float:
        return log10(max(value, low)) if logarithmic else value

    bottom, top = scale(low), scale(high)
    span = (top - bottom) or 1.0
    dots: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    count = min(len(values), width)
    for index in range(count):
        # of the values that share a column of dots, the last one is joined to the next; the others are dots
        start, stop = index * len(values) // count, (index + 1) * len(values) // count
        levels = [round((top - scale(value)) / span * (height - 1)) for value in values[start:stop] if isfinite(value)]
        if not levels:
            before = None
            continue
        x = index * (width - 1) // max(count - 1, 1)
        dots.extend((x, y) for y in range(min(levels), max(levels) + 1))
        if before is not None:
            dots.extend(_stroke(before, (x, levels[0])))
        before = (x, levels[-1])
    return dots


def _stroke(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the dots of the line from ``start`` to ``end``, which lies to the right of it."""
    across, down = end[0] - start[0], end[1] - start[1]
    steps = max(across, abs(down), 1)
    return [(start[0] + round(across * k / steps), start[1] + round(down * k / steps)) for k in range(steps + 1)]
