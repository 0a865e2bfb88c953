"""Charts of lines on a terminal, in braille."""

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.report.braille import LABEL_WIDTH, curves
from nntrain.report.comparison_progress import COLORS
from nntrain.report.html.lines import Line, LineChart, Values
from nntrain.report.numbers import short

MIN_WIDTH, MAX_WIDTH, HEIGHT, GAP = 48, 72, 9, 2


def charts_text(charts: Sequence[LineChart], width: int) -> RenderableType:
    """Return charts, side by side if ``width`` columns have room for several."""
    columns = max(1, min(len(charts), (width + GAP) // (MIN_WIDTH + GAP)))
    each = min(MAX_WIDTH, (width + GAP) // columns - GAP)
    grid = Table.grid(padding=(0, GAP, 1, 0))
    for _ in range(columns):
        grid.add_column(width=each)
    for start in range(0, len(charts), columns):
        row: list[RenderableType] = [_chart(chart, each) for chart in charts[start : start + columns]]
        grid.add_row(*row, *[""] * (columns - len(row)))
    return grid


def _chart(chart: LineChart, width: int) -> RenderableType:
    parts: list[RenderableType] = [Text(chart.title, "bold")]
    drawn = list(zip(chart.drawable, COLORS, ascii_lowercase, strict=False))
    if drawn:
        low, high = (float(end([end(line.x) for line in chart.drawable])) for end in (np.min, np.max))
        x = np.linspace(low, high, 2 * max(width - LABEL_WIDTH - 1, 4))
        marks = [mark for *_, mark in drawn]
        series = [(color, _resampled(line, x)) for line, color, _ in drawn]
        parts.append(curves(series, width, HEIGHT, marks, chart.ratio))
        ends = short(low, 4), short(high, 4)
        room = max(width - LABEL_WIDTH - 1 - len(ends[0]) - len(ends[1]), len(chart.x) + 2)
        parts.append(Text(f"{'':{LABEL_WIDTH}}{ends[0]}{chart.x:^{room}}{ends[1]}", "dim"))
        parts.append(Text("  ").join(Text(f"{mark} {line.label}", color) for line, color, mark in drawn))
    hidden = [line.label for line in chart.drawable[len(drawn) :]]
    notes = [chart.note, f"not drawn: {', '.join(hidden)}" if hidden else ""]
    parts += [Text(note, "dim") for note in notes if note]
    return Group(*parts)


def _resampled(line: Line, x: Values) -> Values:
    """Return a line's values interpolated at ``x``; NaN outside its range."""
    known = np.isfinite(line.y)
    return np.interp(x, line.x[known], line.y[known], left=np.nan, right=np.nan)
