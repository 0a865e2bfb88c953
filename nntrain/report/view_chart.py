"""Fitted curves and decision boundaries on a terminal, in characters."""

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.artifacts.views import Frame, Numbers, View
from nntrain.report.braille import LABEL_WIDTH
from nntrain.report.comparison_progress import COLORS
from nntrain.report.numbers import short

REGIONS = " ·:+=%"  # backgrounds of the classes
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CURVE, TRAINING, VALIDATION = "━", "o", "x"
MAX_WIDTH, HEIGHT = 72, 20


def view_chart(view: View, width: int) -> RenderableType:
    """Return every frame of a view for ``width`` columns."""
    across = min(width, MAX_WIDTH) - LABEL_WIDTH
    frames: list[RenderableType] = []
    for frame in view.frames:
        drawn = _boundary(view, frame, across) if len(view.axes) == 2 else _fit(view, frame, across)
        frames += [Text(frame.title, "bold"), drawn, _axis(view, across)]
    return Group(*frames, Text(_legend(view), "dim"))


def _legend(view: View) -> str:
    if view.classes is None:
        return f"{CURVE} prediction, {TRAINING} training rows" + (", x validation rows" if len(view.rows) > 1 else "")
    parts = [
        f"{LETTERS[i % len(LETTERS)]} {label} (predicted where {REGIONS[i % len(REGIONS)]!r})"
        for i, label in enumerate(view.classes)
    ]
    return f"{', '.join(parts)}; training and validation rows"


def _axis(view: View, across: int) -> Text:
    ends = short(float(view.axes[0][0])), short(float(view.axes[0][-1]))
    room = max(across - len(ends[0]) - len(ends[1]), len(view.names[0]) + 2)
    return Text(f"{'':{LABEL_WIDTH}}{ends[0]}{view.names[0]:^{room}}{ends[1]}", "dim")


def _lines(cells: list[list[tuple[str, str]]], labels: dict[int, str]) -> Text:
    text = Text()
    for row, line in enumerate(cells):
        text.append(f"{labels.get(row, '')[: LABEL_WIDTH - 1]:>{LABEL_WIDTH - 1}} ", "dim")
        for mark, style in line:
            text.append(mark, style)
        text.append("\n" if row < len(cells) - 1 else "")
    return text


def _places(values: Numbers, low: float, high: float, count: int) -> list[int]:
    fraction = (values - low) / ((high - low) or 1.0)
    return np.rint(np.clip(fraction, 0, 1) * (count - 1)).astype(int).tolist()  # type: ignore[no-any-return]


def _boundary(view: View, frame: Frame, across: int) -> Text:
    x, y = view.axes
    rows = np.linspace(y.size - 1, 0, HEIGHT).round().astype(int)
    columns = np.linspace(0, x.size - 1, across).round().astype(int)
    shown = frame.values[np.ix_(rows, columns)].astype(int)
    cells = [[(REGIONS[k % len(REGIONS)], "dim") for k in line] for line in shown.tolist()]
    for features, classes in view.rows.values():
        down = _places(features[:, 1], float(y[-1]), float(y[0]), HEIGHT)
        right = _places(features[:, 0], float(x[0]), float(x[-1]), across)
        for row, column, k in zip(down, right, classes.astype(int).tolist(), strict=True):
            cells[row][column] = LETTERS[k % len(LETTERS)], COLORS[k % len(COLORS)]
    labels = {0: short(float(y[-1])), HEIGHT // 2: view.names[1], HEIGHT - 1: short(float(y[0]))}
    return _lines(cells, labels)


def _fit(view: View, frame: Frame, across: int) -> Text:
    (x,) = view.axes
    low, high = extent(view)
    cells = [[(" ", "")] * across for _ in range(HEIGHT)]
    marks = {"training": (TRAINING, "dim"), "validation": (VALIDATION, "dim cyan")}
    for name, (features, targets) in view.rows.items():
        right = _places(features[:, 0], float(x[0]), float(x[-1]), across)
        for row, column in zip(_places(targets, high, low, HEIGHT), right, strict=True):
            cells[row][column] = marks[name]
    heights = np.interp(np.linspace(x[0], x[-1], across), x, frame.values)
    for column, row in enumerate(_places(heights, high, low, HEIGHT)):
        if low <= heights[column] <= high:
            cells[row][column] = CURVE, "bold magenta"
    return _lines(cells, {0: short(high), HEIGHT // 2: view.target, HEIGHT - 1: short(low)})


def extent(view: View) -> tuple[float, float]:
    """Return the range of the targets, with some room: a curve that leaves it leaves the picture."""
    targets = np.concatenate([values for _, values in view.rows.values()])
    room = 0.15 * (float(np.ptp(targets)) or 1.0)
    return float(targets.min()) - room, float(targets.max()) + room
