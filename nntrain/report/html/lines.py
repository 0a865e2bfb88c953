"""Curves as data for ``lines.js``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.report.html.document import COLORS, DASHES, Figure, color, dash

Values = NDArray[np.float64]
MAX_PARTS, MIN_PARTS = 200, 25  # parts that a long line is divided into; up to four points of each are drawn
PAGE_POINTS = 9_000  # approximate limit per page; they make up most of its size
DIGITS = 5  # significant digits of a value


@dataclass(frozen=True)
class Line:
    """A curve; only finite values are drawn.

    Attributes:
        label: text in the legend.
        x: x values in ascending order (N).
        y: values (N).
        index: selects color and dashes.
        run: run that it is hidden with; None for none.
        thin: whether it is less prominent.
        low: lower edge of a band around it (N), if any.
        high: upper edge.
    """

    label: str
    x: Values
    y: Values
    index: int
    run: int | None = None
    thin: bool = False
    low: Values | None = None
    high: Values | None = None

    @property
    def drawable(self) -> bool:
        """Whether there is anything to draw."""
        return bool(np.isfinite(self.y).any())

    def to_json(self) -> dict[str, Any]:
        """Return its label and all its values."""
        return {"label": self.label, "x": self.x, "y": self.y, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class LineChart:
    """A chart of curves with a common x axis.

    Attributes:
        title: title of the figure.
        lines: the curves.
        x: label of the x axis.
        ratio: whether ratios of values matter, so that the y axis may be logarithmic.
        note: text below the title.
    """

    title: str
    lines: Sequence[Line]
    x: str = "epoch"
    ratio: bool = False
    note: str = ""

    @property
    def drawable(self) -> Sequence[Line]:
        """The lines with anything to draw."""
        return [line for line in self.lines if line.drawable]

    def to_json(self) -> dict[str, Any]:
        """Return its labels and curves, also those without anything to draw."""
        lines = [line.to_json() for line in self.lines]
        return {"title": self.title, "x_label": self.x, "note": self.note, "lines": lines}


def line_figures(charts: Sequence[LineChart]) -> list[Figure]:
    """Return the data of all charts with anything to draw."""
    count = sum(len(chart.drawable) for chart in charts)
    parts = min(MAX_PARTS, max(MIN_PARTS, PAGE_POINTS // (4 * max(count, 1))))
    return [_figure(chart, parts) for chart in charts if chart.drawable]


def _figure(chart: LineChart, parts: int) -> Figure:
    longest, empty = (
        max(line.y.size for line in chart.drawable),
        [line.label for line in chart.lines if not line.drawable],
    )
    notes = [chart.note] if chart.note else []
    if empty:
        notes.append(f"no values: {', '.join(empty)}")
    if longest > 4 * parts:
        notes.append(f"thinned: the first, lowest, highest and last of every {-(-longest // parts):,} points")
    if len(chart.drawable) > COLORS * DASHES:
        notes.append(f"colors and dashes repeat after {COLORS * DASHES} lines")
    return {
        "kind": "lines",
        "title": chart.title,
        "x": chart.x,
        "whole": all((line.x == np.floor(line.x)).all() for line in chart.drawable),
        "ratio": chart.ratio,
        "note": "; ".join(notes),
        "lines": [_line(line, parts) for line in chart.drawable],
    }


def _line(line: Line, parts: int) -> dict[str, Any]:
    keep = thinned(line.y, parts)
    data: dict[str, Any] = {
        "label": line.label,
        "color": color(line.index),
        "dash": dash(line.index),
        "x": short(line.x[keep]),
        "y": short(line.y[keep]),
    }
    if line.run is not None:
        data["run"] = line.run
    if line.thin:
        data["thin"] = True
    if line.low is not None and line.high is not None:
        data |= {"low": short(line.low[keep]), "high": short(line.high[keep])}
    return data


def thinned(y: Values, parts: int) -> NDArray[np.int64]:
    """Return the indices of the values to draw: the first, lowest, highest and last of each of ``parts`` parts."""
    if y.size <= 4 * parts:
        return np.arange(y.size)
    kept: set[int] = set()
    for part in np.array_split(np.arange(y.size), parts):
        values, finite = y[part], np.isfinite(y[part])
        low, high = np.where(finite, values, np.inf).argmin(), np.where(finite, values, -np.inf).argmax()
        kept |= {int(part[0]), int(part[low]), int(part[high]), int(part[-1])}
    return np.array(sorted(kept))


def short(values: Values, digits: int = DIGITS) -> list[float | int | None]:
    """Return values with few digits: integers where whole, None where not finite."""
    return [_short(value, digits) for value in values.tolist()]


def _short(value: float, digits: int) -> float | int | None:
    if not np.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")
