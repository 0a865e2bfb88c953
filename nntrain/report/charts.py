"""Line charts as SVG, for a page that needs nothing else: they take their ink from the page, light or dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 40
COLUMNS = 400  # points of a line, at most: of more than one at a place, the lowest and the highest stay
# Near Okabe and Ito's, which the colour-blind can tell apart, as bright as shows on white and on black.
COLOURS = ("#2a85d0", "#e0681c", "#0fa37a", "#cf74a8", "#b58900", "#8b72c9")
LOGARITHMIC_FROM = 20.0  # times the smallest value that the largest is
DECADES = 8  # at most, of a logarithmic axis; what is smaller lies on its floor


@dataclass(frozen=True)
class Line:
    """A curve: ``x`` and ``y`` (N) of the same length; what is not finite is left out."""

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colour: str
    dashed: bool = False


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
    across = Axis(float(x.min()), float(x.max()), WIDTH - LEFT - RIGHT)
    up = Axis(low, high, HEIGHT - TOP - BOTTOM, logarithmic)
    drawn = "".join(_drawn(line, across, up) for line in seen)
    keys = "".join(_key(line) for line in seen) if len(seen) > 1 else ""
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
    for value in up.marks():
        at = bottom - float(up.place(np.array([value]))[0])
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    for value in across.marks():
        at = LEFT + float(across.place(np.array([value]))[0])
        parts.append(f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{_short(value)}</text>')
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
    path, pen = [], "M"
    for at_x, at_y, there in places:
        if there:
            path.append(f"{pen}{at_x:.1f} {at_y:.1f}")
        pen = "L" if there else "M"
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    alone = "".join(path) if len(path) > 1 else f"{path[0]}h.1"  # a point is drawn as a short line
    return f'<path d="{alone}" stroke="{line.colour}"{dashes}><title>{escape(line.label)}</title></path>'


def thinned(y: NDArray[np.float64], columns: int = COLUMNS) -> NDArray[np.int64]:
    """Return which of many values are drawn: the first, lowest, highest and last one of each equal part of them."""
    if y.size <= 2 * columns:
        return np.arange(y.size)
    kept = {0, y.size - 1}
    for part in np.array_split(np.arange(y.size), columns // 2):
        values = np.where(np.isfinite(y[part]), y[part], -np.inf)
        kept |= {
            int(part[0]),
            int(part[-1]),
            int(part[values.argmax()]),
            int(part[np.where(np.isfinite(y[part]), y[part], np.inf).argmin()]),
        }
    return np.array(sorted(kept))


def colour(index: int) -> str:
    """Return the colour of a run or a layer."""
    return COLOURS[index % len(COLOURS)]


def _key(line: Line) -> str:
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    sample = f'<svg width="26" height="8"><path d="M0 4h26" stroke="{line.colour}"{dashes}/></svg>'
    return f"<li>{sample} {escape(line.label)}</li>"


def _short(value: float) -> str:
    return (
        f"{value:.6g}"
        if value == 0 or 1e-3 <= abs(value) < 1e5
        else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    )
