"""Curves in braille: each character holds two columns and four rows of dots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.text import Text

from nntrain.report.numbers import short

# The bit of each dot in U+2800 ... U+28FF, by row and column within the character.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
DOT_COLUMNS, DOT_ROWS = 2, 4
BLANK = 0x2800
Values = NDArray[np.float64]
LABEL_WIDTH = 9  # characters for the axis labels
MIN_LINES_WITH_ZERO = 3  # of a logarithmic axis with an extra line for 0
LOGARITHMIC_RATIO = 20  # of the largest to the smallest value, above which the axis is logarithmic


@dataclass(frozen=True)
class Axis:
    """A map from values to rows of dots, numbered from the top.

    Attributes:
        low: the smallest value; on a logarithmic axis the smallest positive one.
        high: the largest value.
        rows: the number of rows.
        logarithmic: whether the scale is logarithmic.
        zero: whether the last line of characters of a logarithmic axis is reserved for 0.
    """

    low: float
    high: float
    rows: int
    logarithmic: bool
    zero: bool

    def levels(self, values: Values) -> NDArray[np.int64]:
        """Return the row of each value."""
        bottom, top = self._scaled(self.low), self._scaled(self.high)
        last = self.rows - 1 - (DOT_ROWS if self.zero else 0)
        fraction = (top - self._scaled(np.maximum(values, self.low))) / ((top - bottom) or 1.0)
        return np.where(values < self.low, self.rows - 1, np.rint(fraction * last)).astype(np.int64)

    def labels(self) -> dict[int, str]:
        """Return the axis labels by line of characters."""
        last = self.rows // DOT_ROWS - 1
        middle = {last // 2 + last % 2: "log"} if self.logarithmic else {}
        ends = {last: "0", last - 1: short(self.low)} if self.zero else {last: short(self.low)}
        return {**middle, **ends, 0: short(self.high)}

    def _scaled(self, values: Any) -> Any:
        return np.log10(values) if self.logarithmic else values / 2  # halved so that even the widest range is finite


def curves(
    series: Sequence[tuple[str, ArrayLike]],
    width: int,
    height: int,
    marks: Sequence[str] = (),
    ratio: bool = True,
) -> Text:
    """Return curves in one plot, with the largest and the smallest value at the left.

    Args:
        series: the style and the values of each curve; all curves have the same x. A character that two curves share
            has the style of the later one.
        width: characters, nine of which hold the axis labels.
        height: lines.
        marks: a character for the end of each curve, to identify it without color.
        ratio: whether ratios of values matter, so that the axis may be logarithmic.
    """
    lines = [(style, np.asarray(values, np.float64)) for style, values in series]
    finite = np.concatenate([np.empty(0), *(values[np.isfinite(values)] for _, values in lines)])
    if not finite.size:
        return Text("\n" * (height - 1))
    axis = _axis(finite, height, ratio)
    ends = _ends(lines, marks, axis, height)
    columns = max(width - LABEL_WIDTH - max(end.cell_len for end in ends), 4)
    cells = [[BLANK] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    for style, values in lines:
        for x, y in _points(values, axis, columns * DOT_COLUMNS):
            row, column = y // DOT_ROWS, x // DOT_COLUMNS
            cells[row][column] |= DOTS[y % DOT_ROWS][x % DOT_COLUMNS]
            styles[row][column] = style
    text, labels = Text(), axis.labels()
    for row in range(height):
        text.append(f"{labels.get(row, ''):>{LABEL_WIDTH - 1}} ", "dim")
        for cell, style in zip(cells[row], styles[row], strict=True):
            text.append(chr(cell), style)
        text.append_text(ends[row])
        text.append("" if row == height - 1 else "\n")
    return text


def _ends(lines: Sequence[tuple[str, Values]], marks: Sequence[str], axis: Axis, height: int) -> list[Text]:
    """Return the marks to the right of each line of characters."""
    ends = [Text() for _ in range(height)]
    for mark, (style, values) in zip(marks, lines, strict=False):
        last = values[np.isfinite(values)][-1:]
        if last.size:
            ends[int(axis.levels(last)[0]) // DOT_ROWS].append(mark, style)
    return ends


def _axis(finite: Values, height: int, ratio: bool) -> Axis:
    low, high = float(finite.min()), float(finite.max())
    smallest = float(finite.min(where=finite > 0, initial=np.inf))
    logarithmic = ratio and low >= 0 and high > LOGARITHMIC_RATIO * smallest
    if not logarithmic or (low == 0 and height < MIN_LINES_WITH_ZERO):
        return Axis(low, high, height * DOT_ROWS, logarithmic=False, zero=False)
    return Axis(smallest, high, height * DOT_ROWS, logarithmic=True, zero=low == 0)


def _points(values: Values, axis: Axis, width: int) -> list[tuple[int, int]]:
    """Return the dots of a curve and of the lines between them, as (x, y) from the top left."""
    count = min(values.size, width)
    (finite,) = np.isfinite(values).nonzero()
    if not finite.size:
        return []
    columns = ((finite + 1) * count - 1) // values.size  # equally many values per column
    levels = axis.levels(values[finite])
    starts = np.diff(columns, prepend=-1).nonzero()[0]
    highest, lowest = np.minimum.reduceat(levels, starts), np.maximum.reduceat(levels, starts)
    firsts, lasts = levels[starts], levels[np.append(starts[1:], levels.size) - 1]
    dots: list[tuple[int, int]] = []
    before: tuple[int, int, int] | None = None
    found = (columns[starts], highest, lowest, firsts, lasts)
    for column, y_high, y_low, first, last in zip(*(numbers.tolist() for numbers in found), strict=True):
        # a line joins the last value of a column to the first of the next
        x = column * (width - 1) // max(count - 1, 1)
        dots.extend((x, y) for y in range(y_high, y_low + 1))
        if before is not None and before[0] == column - 1:
            dots.extend(_stroke(before[1:], (x, first)))
        before = (column, x, last)
    return dots


def _stroke(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the dots of the line from ``start`` to ``end``, which is further right."""
    across, down = end[0] - start[0], end[1] - start[1]
    steps = max(across, abs(down), 1)
    return [(start[0] + round(across * k / steps), start[1] + round(down * k / steps)) for k in range(steps + 1)]
