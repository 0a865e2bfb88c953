"""A loss surface with the paths of optimizers on a terminal: contours as dots, paths as letters."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.diagnostics.loss_surface import Surface, Values
from nntrain.report.braille import LABEL_WIDTH, curves
from nntrain.report.comparison_progress import COLORS
from nntrain.report.numbers import short

BANDS = 8  # of equal logarithms of the loss
MAX_WIDTH, HEIGHT = 100, 22
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def surface_chart(surface: Surface, paths: Sequence[Sequence[Values]], minima: Values, width: int) -> RenderableType:
    """Return the chart.

    Args:
        surface: over one or two parameters.
        paths: for each optimizer its paths (E, P); the letter of the first is ``a``.
        minima: points to mark (N, P).
        width: columns of the terminal.
    """
    across = min(width, MAX_WIDTH) - LABEL_WIDTH - 1
    if len(surface.axes) == 1:
        return _profile(surface, paths, across)
    x, y = surface.axes
    cells = [[("·", "dim") if edge else (" ", "") for edge in row] for row in _contours(surface, across)]

    def put(points: Values, mark: str, style: str) -> None:
        columns, rows = _places(points[:, 0], x, across), HEIGHT - 1 - _places(points[:, 1], y, HEIGHT)
        inside = (columns >= 0) & (columns < across) & (rows >= 0) & (rows < HEIGHT)
        for row, column in zip(rows[inside].tolist(), columns[inside].tolist(), strict=True):
            cells[row][column] = (mark, style)

    for number, some in enumerate(paths):
        for path in some:
            put(_dense(path, surface, across), LETTERS[number % len(LETTERS)], COLORS[number % len(COLORS)])
    for path in (path for some in paths for path in some):
        put(path[:1], "o", "bold")
    put(minima, "*", "bold")
    text = Text()
    labels = {0: short(float(y[-1])), HEIGHT // 2: surface.names[1], HEIGHT - 1: short(float(y[0]))}
    for row, line in enumerate(cells):
        text.append(f"{labels.get(row, ''):>{LABEL_WIDTH - 1}} ", "dim")
        for mark, style in line:
            text.append(mark, style)
        text.append("\n")
    marks = [("o start", bool(paths)), ("* minimum", len(minima) > 0), ("· contour of equal loss", True)]
    legend = Text(", ".join(mark for mark, drawn in marks if drawn), "dim")
    return Group(text + _axis(x, surface.names[0], across), legend)


def _axis(x: Values, name: str, across: int) -> Text:
    ends = short(float(x[0])), short(float(x[-1]))
    room = max(across - len(ends[0]) - len(ends[1]), len(name) + 2)
    return Text(f"{'':{LABEL_WIDTH}}{ends[0]}{name:^{room}}{ends[1]}", "dim")


def _contours(surface: Surface, across: int) -> NDArray[np.bool_]:
    """Return which cells (HEIGHT, across), from the top left, lie on an edge between two bands."""
    rows = np.linspace(surface.loss.shape[0] - 1, 0, HEIGHT).round().astype(int)
    columns = np.linspace(0, surface.loss.shape[1] - 1, across).round().astype(int)
    loss = surface.loss[np.ix_(rows, columns)]
    finite = loss[np.isfinite(loss)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    scaled = np.log1p((np.where(np.isfinite(loss), loss, high) - low) / ((high - low) * 1e-4 or 1.0))
    band = np.floor(scaled / (scaled.max() or 1.0) * BANDS)
    edge = np.zeros(band.shape, np.bool_)
    edge[:, :-1] |= band[:, :-1] != band[:, 1:]
    edge[:-1] |= band[:-1] != band[1:]
    return edge


def _places(values: Values, axis: Values, count: int) -> NDArray[np.int64]:
    fraction = (values - axis[0]) / (axis[-1] - axis[0])
    return np.asarray(np.rint(np.clip(fraction, -1, 2) * (count - 1)), np.int64)


def _dense(path: Values, surface: Surface, across: int) -> Values:
    """Return a path with points between those that are several cells apart."""
    x, y = surface.axes
    cell = np.array([(x[-1] - x[0]) / across, (y[-1] - y[0]) / HEIGHT])
    points = [path[:1]]
    for start, end in pairwise(path):
        gaps = np.abs(end - start) / cell
        parts = int(np.clip(np.ceil(gaps.max()), 1, 4 * across)) if np.isfinite(gaps).all() else 1
        points.append(start + (end - start) * np.linspace(0, 1, parts + 1)[1:, None])
    return np.concatenate(points)


def _profile(surface: Surface, paths: Sequence[Sequence[Values]], across: int) -> RenderableType:
    """Return L(w) over one parameter, which way its derivative points, and where the paths end."""
    (at,), loss = surface.axes, surface.loss
    chart = curves([(COLORS[0], loss)], across + LABEL_WIDTH, HEIGHT // 2, ratio=False)
    slopes = np.gradient(loss, at)[np.linspace(0, at.size - 1, across).round().astype(int)]
    arrows = "".join("→" if slope < 0 else "←" if slope > 0 else "·" for slope in slopes)
    lines: list[RenderableType] = [chart, Text(f"{'':{LABEL_WIDTH}}{arrows}")]
    for number, some in enumerate(paths):
        row = [" "] * across
        for path in some:
            for place in _places(path[:, 0], at, across).tolist():
                if 0 <= place < across:
                    row[place] = LETTERS[number % len(LETTERS)]
        lines.append(Text(f"{'':{LABEL_WIDTH}}{''.join(row)}", COLORS[number % len(COLORS)]))
    legend = "→ the derivative is negative: move right; ← it is positive: move left"
    return Group(*lines, _axis(at, surface.names[0], across), Text(legend, "dim"))
