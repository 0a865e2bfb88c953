"""Small curves in braille: two dots across and four down in every character."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.text import Text

from nntrain.report.numbers import short

# The bit of each dot in U+2800 ... U+28FF, by row and column within the character.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
ACROSS, DOWN = 2, 4
BLANK = 0x2800
Values = NDArray[np.float64]
LABEL = 9  # characters of the numbers at the axis
LINES_WITH_ZERO = 3  # fewest, of a logarithmic axis beside 0
LOGARITHMIC_FROM = 20  # ratio of the largest to the smallest value above which a linear axis would show a right angle


@dataclass(frozen=True)
class Axis:
    """From values to rows of dots, counted from the top.

    Attributes:
        low: the smallest value; on a logarithmic axis the smallest one above 0.
        high: the largest value.
        rows: of dots.
        logarithmic: whether the scale is logarithmic.
        zero: whether 0, which has no place on a logarithmic axis, has the last line of characters to itself.
    """

    low: float
    high: float
    rows: int
    logarithmic: bool
    zero: bool

    def levels(self, values: Values) -> NDArray[np.int64]:
        """Return the row of each value."""
        bottom, top = self._scaled(self.low), self._scaled(self.high)
        last = self.rows - 1 - (DOWN if self.zero else 0)
        share = (top - self._scaled(np.maximum(values, self.low))) / ((top - bottom) or 1.0)
        return np.where(values < self.low, self.rows - 1, np.rint(share * last)).astype(np.int64)

    def labels(self) -> dict[int, str]:
        """Return the texts at the axis, by line of characters."""
        last = self.rows // DOWN - 1
        middle = {last // 2 + last % 2: "log"} if self.logarithmic else {}
        ends = {last: "0", last - 1: short(self.low)} if self.zero else {last: short(self.low)}
        return {**middle, **ends, 0: short(self.high)}

    def _scaled(self, values: Any) -> Any:
        return np.log10(values) if self.logarithmic else values / 2  # a half: the widest range is finite too


def curves(series: Sequence[tuple[str, ArrayLike]], width: int, height: int, marks: Sequence[str] = ()) -> Text:
    """Return curves on one pair of axes, with the largest and smallest value at the left.

    Args:
        series: style and values of each curve; all have the same abscissae. Where two share a character, the later one
            gives it its style.
        width: characters, of which the numbers at the axis take nine.
        height: lines.
        marks: a character for each curve, which stands at its end: styles alone tell nothing without colour.
    """
    lines = [(style, np.asarray(values, np.float64)) for style, values in series]
    finite = np.concatenate([np.empty(0), *(values[np.isfinite(values)] for _, values in lines)])
    if not finite.size:
        return Text("\n" * (height - 1))
    axis = _axis(finite, height)
    ends = _ends(lines, marks, axis, height)
    columns = max(width - LABEL - max(end.cell_len for end in ends), 4)
    cells = [[BLANK] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    for style, values in lines:
        for x, y in _points(values, axis, columns * ACROSS):
            row, column = y // DOWN, x // ACROSS
            cells[row][column] |= DOTS[y % DOWN][x % ACROSS]
            styles[row][column] = style
    text, labels = Text(), axis.labels()
    for row in range(height):
        text.append(f"{labels.get(row, ''):>{LABEL - 1}} ", "dim")
        for cell, style in zip(cells[row], styles[row], strict=True):
            text.append(chr(cell), style)
        text.append_text(ends[row])
        text.append("" if row == height - 1 else "\n")
    return text


def _ends(lines: Sequence[tuple[str, Values]], marks: Sequence[str], axis: Axis, height: int) -> list[Text]:
    """Return the marks at the right of each line of characters."""
    ends = [Text() for _ in range(height)]
    for mark, (style, values) in zip(marks, lines, strict=False):
        last = values[np.isfinite(values)][-1:]
        if last.size:
            ends[int(axis.levels(last)[0]) // DOWN].append(mark, style)
    return ends


def _axis(finite: Values, height: int) -> Axis:
    low, high = float(finite.min()), float(finite.max())
    least = float(finite.min(where=finite > 0, initial=np.inf))
    logarithmic = low >= 0 and high > LOGARITHMIC_FROM * least
    if not logarithmic or (low == 0 and height < LINES_WITH_ZERO):
        return Axis(low, high, height * DOWN, logarithmic=False, zero=False)
    return Axis(least, high, height * DOWN, logarithmic=True, zero=low == 0)


def _points(values: Values, axis: Axis, width: int) -> list[tuple[int, int]]:
    """Return the dots of a curve, as (x, y) from the top left, joined by lines."""
    count = min(values.size, width)
    (finite,) = np.isfinite(values).nonzero()
    if not finite.size:
        return []
    columns = ((finite + 1) * count - 1) // values.size  # equal parts of the values share one
    levels = axis.levels(values[finite])
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
