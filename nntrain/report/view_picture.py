"""Fitted curves and decision boundaries as picture files."""

from functools import partial
from typing import Any

import numpy as np

from nntrain.artifacts.views import Frame, View
from nntrain.report.animation import animated
from nntrain.report.picture_files import COLORS, SIZE, drawn
from nntrain.report.view_chart import extent

MARKERS = "os^Dv*P"  # of the classes


def view_picture(view: View, kind: str, dark: bool = False) -> bytes:
    """Return the picture of a view, with a panel for each frame; a GIF plays the frames.

    Raises:
        InputError: if matplotlib is not installed.
    """
    if kind == "gif":
        return animated([partial(_panel, view, frame, (1, 1, 1)) for frame in view.frames], dark, SIZE)
    columns = int(np.ceil(np.sqrt(len(view.frames))))
    rows = -(-len(view.frames) // columns)

    def draw(figure: Any) -> None:
        for number, frame in enumerate(view.frames, start=1):
            _panel(view, frame, (rows, columns, number), figure)

    return drawn(draw, kind, dark, (SIZE[0] * columns, SIZE[1] * rows))


def _panel(view: View, frame: Frame, place: tuple[int, int, int], figure: Any) -> None:
    axes = figure.add_subplot(*place)
    (_boundary if len(view.axes) > 1 else _fit)(axes, view, frame)
    axes.set_title(frame.title, fontsize=14)
    axes.set_xlabel(view.names[0])
    axes.legend(fontsize=10)


def _boundary(axes: Any, view: View, frame: Frame) -> None:
    classes = view.classes or ()
    x, y = view.axes
    levels = np.arange(len(classes) + 1) - 0.5
    axes.contourf(x, y, frame.values, levels, colors=[COLORS[k % len(COLORS)] for k in range(len(classes))], alpha=0.3)
    for name, (features, found) in view.rows.items():
        for k, label in enumerate(classes):
            here = found == k
            style = {"color": COLORS[k % len(COLORS)], "marker": MARKERS[k % len(MARKERS)], "linestyle": "none"}
            faint = {} if name == "training" else {"markerfacecolor": "none"}
            text = str(label) if name == "training" else None
            axes.plot(features[here, 0], features[here, 1], markersize=5, label=text, **style, **faint)
    axes.set_ylabel(view.names[1])
    axes.grid(visible=False)


def _fit(axes: Any, view: View, frame: Frame) -> None:
    for name, (features, targets) in view.rows.items():
        mark = "o" if name == "training" else "x"
        axes.plot(features[:, 0], targets, mark, color=COLORS[6], markersize=6, label=f"{name} rows")
    axes.plot(view.axes[0], frame.values, color=COLORS[1], label="prediction")
    axes.set_ylim(*extent(view))
    axes.set_ylabel(view.target)
