"""Line charts as SVG, for a page that needs nothing else: they take their ink from the page, light or dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from nntrain.report.numbers import short

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 40
ACROSS, DOWN = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM  # of the axes
COLUMNS = 200  # places along a line: of many values at one, the first, lowest, highest and last stay
# Near Okabe and Ito's, which the colour-blind can tell apart, as bright as shows on white and on black.
COLOURS = ("#2a85d0", "#e0681c", "#0fa37a", "#cf74a8", "#b58900", "#8b72c9")
DASHES = ("", "8 3", "2 3", "10 3 2 3")
LOGARITHMIC_FROM = 20.0  # times the smallest value that the largest is
LARGEST = 1e300  # range of an axis that has marks
DECADES = 8  # at most, of a logarithmic axis; what is smaller lies on its floor


@dataclass(frozen=True)
class Line:
    """A curve: ``x`` and ``y`` (N) of the same length; what is not finite is left out."""

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colour: str
    dash: str = ""  # lengths of its dashes and gaps


@dataclass(frozen=True)
class Axis:
    """From values to places along ``size`` pixels, with marks."""

    low: float
    high: float
    size: float
    logarithmic: bool = False

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where values lie, between 0 and ``size``."""
        low, high = self.low, self.high
        if self.logarithmic:
            values, low, high = np.log10(np.maximum(values, low)), log10(low), log10(high)
        elif not high - low < LARGEST:
            values, low, high = values / 4, low / 4, high / 4
        return np.clip((values - low) / ((high - low) or 1.0), 0, 1) * self.size

    def marks(self) -> list[float]:
        """Return round values, some five of them."""
        if self.logarithmic:
            first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
            every = max(1, ceil((last - first) / 5))
            decades = [10.0**k for k in range(first, last + 1, every)]
            if len(decades) > 1:
                return decades
        span = (self.high - self.low) or 1.0
        if not span < LARGEST:
            return []
        raw = span / 5
        unit = 10 ** floor(log10(raw))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
        return [k * step for k in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]


def chart(title: str, lines: Sequence[Line], by_ratio: bool = False) -> str:
    """Return a figure of HTML with lines by epoch; empty if there is nothing finite to show.

    ``by_ratio``: of values that are as well told apart by their ratio; the axis is logarithmic where they differ much.
    """
    seen = [line for line in lines if np.isfinite(line.y).any()]
    if not seen:
        return ""
    y = np.concatenate([line.y[np.isfinite(line.y)] for line in seen])
    x = np.concatenate([line.x for line in seen])
    low, high = float(y.min()), float(y.max())
    logarithmic = by_ratio and low >= 0 and high > LOGARITHMIC_FROM * low
    if logarithmic:
        low = max(float(y[y > 0].min()), high / 10**DECADES)
    elif low == high:
        low, high = low - 0.5, high + 0.5
    across = Axis(float(x.min()), float(x.max()), ACROSS)
    up = Axis(low, high, DOWN, logarithmic)
    drawn = "".join(_drawn(line, across, up) for line in seen)
    keys = "".join(key(line.label, line.colour, line.dash) for line in seen) if len(seen) > 1 else ""
    scale = ", logarithmic" if logarithmic else ""
    return (
        f"<figure><figcaption>{escape(title)}<small>{scale}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'{frame(across, up, "epoch")}{drawn}</svg><ul class="keys">{keys}</ul></figure>'
    )


def frame(across: Axis, up: Axis, x_label: str, y_label: str = "") -> str:
    """Return axes with marks and names."""
    bottom, right = TOP + up.size, LEFT + across.size
    parts = []
    for value, label in _labelled(up.marks()):
        at = bottom - float(up.place(np.array([value]))[0])
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for value, label in _labelled(across.marks()):
        at = LEFT + float(across.place(np.array([value]))[0])
        parts.append(f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{label}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text x="{right}" y="{bottom + 33}" text-anchor="end">{escape(x_label)}</text>')
    if y_label:
        parts.append(f'<text x="{LEFT - 6}" y="{TOP - 2}" text-anchor="end">{escape(y_label)}</text>')
    return "".join(parts)


def _drawn(line: Line, across: Axis, up: Axis) -> str:
    """Return a line, broken where its values are not finite."""
    keep = thinned(line.y)
    x, y = line.x[keep], line.y[keep]
    finite = np.isfinite(y)
    places = zip(LEFT + across.place(x), TOP + up.size - up.place(np.where(finite, y, 0)), finite, strict=True)
    path, gap = list[str](), True
    for at_x, at_y, there in places:
        if there:
            path.append(f"L{at_x:.1f} {at_y:.1f}" if not gap else f"M{at_x:.1f} {at_y:.1f}h.1")
        gap = not there
    return f'<path d="{"".join(path)}" {stroke(line.colour, line.dash)}><title>{escape(line.label)}</title></path>'


def thinned(y: NDArray[np.float64], columns: int = COLUMNS) -> NDArray[np.int64]:
    """Return which of many values are drawn: of each of ``columns`` equal parts the first, lowest, highest, last."""
    if y.size <= 4 * columns:
        return np.arange(y.size)
    kept: set[int] = set()
    for part in np.array_split(np.arange(y.size), columns):
        values, finite = y[part], np.isfinite(y[part])
        low, high = np.where(finite, values, np.inf).argmin(), np.where(finite, values, -np.inf).argmax()
        kept |= {int(part[0]), int(part[low]), int(part[high]), int(part[-1])}
    return np.array(sorted(kept))


def colour(index: int) -> str:
    """Return the colour of a run or a layer."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> str:
    """Return the dashes of a run or a layer, which tell those of one colour apart."""
    return DASHES[index // len(COLOURS) % len(DASHES)]


def key(label: str, line_colour: str, dash: str = "") -> str:
    """Return an entry of the legend."""
    sample = f'<svg width="26" height="8"><path d="M0 4h26" {stroke(line_colour, dash)}/></svg>'
    return f"<li>{sample} {escape(label)}</li>"


def stroke(line_colour: str, dash: str) -> str:
    """Return the attributes of a line."""
    return f'stroke="{line_colour}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _labelled(values: Sequence[float]) -> list[tuple[float, str]]:
    """Return marks with their texts, in as few digits as tell them apart."""
    for digits in (6, 9, 12, 17):
        labels = [
            short(value, digits if value == 0 or 1e-3 <= abs(value) < 1e5 or digits > 6 else 1) for value in values
        ]
        if len(set(labels)) == len(labels):
            break
    return list(zip(values, labels, strict=True))
