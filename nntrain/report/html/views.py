"""Figures of what a run predicts, and of its layers, at several epochs."""

import base64
from collections.abc import Sequence

import numpy as np

from nntrain.artifacts.views import View
from nntrain.diagnostics.epoch_histograms import Histograms
from nntrain.report.html.document import Figure, color
from nntrain.report.html.lines import short
from nntrain.report.view_chart import extent

MAX_POINTS = 1000  # of a split that are drawn
STRIDE = 2  # of the grid's points that are drawn


def view_figure(view: View) -> Figure:
    """Return the figure of a fitted curve, or of regions of classes."""
    title = "fitted curve" if view.classes is None else "decision boundary"
    note = "filled: training rows" + (", hollow: validation rows" if len(view.rows) > 1 else "")
    cut = [name for name, (x, _) in view.rows.items() if len(x) > MAX_POINTS]
    note += f"; first {MAX_POINTS:,} {' and '.join(cut)} rows" if cut else ""
    figure = {
        "kind": "view",
        "title": title,
        "names": view.names if view.classes is not None else [view.names[0], view.target],
        "note": note,
        "xs": [float(view.axes[0][0]), float(view.axes[0][-1])],
        "points": _points(view),
    }
    if view.classes is None:
        frames = [{"title": frame.title, "y": short(frame.values)} for frame in view.frames]
        return figure | {"ys": list(extent(view)), "frames": frames}
    cells = [frame.values[::STRIDE, ::STRIDE].astype(np.uint8) for frame in view.frames]
    return figure | {
        "classes": [str(label) for label in view.classes],
        "colors": [color(k) for k in range(len(view.classes))],
        "ys": [float(view.axes[1][0]), float(view.axes[1][-1])],
        "size": len(cells[0]),
        "frames": [
            {"title": frame.title, "classes": base64.b64encode(one.tobytes()).decode()}
            for frame, one in zip(view.frames, cells, strict=True)
        ],
    }


def _points(view: View) -> list[dict[str, object]]:
    """Return the rows of each split, by class."""
    found: list[dict[str, object]] = []
    for split, (x, y) in view.rows.items():
        x, y, hollow = x[:MAX_POINTS], y[:MAX_POINTS], split != "training"
        if view.classes is None:
            line = {"label": f"{split} rows", "color": int(hollow), "dash": 0, "hollow": hollow}
            found.append(line | {"x": short(x[:, 0]), "y": short(y)})
            continue
        for k, label in enumerate(view.classes):
            here = y == k
            line = {"label": f"{label}, {split}", "color": color(k), "dash": 0, "hollow": hollow}
            found.append(line | {"x": short(x[here, 0]), "y": short(x[here, 1])})
    return [one for one in found if one["x"]]


def ridge_figures(histograms: Sequence[Histograms], titles: Sequence[str]) -> list[Figure]:
    """Return a figure for each layer's activations and gradients; ``titles`` name the rows."""
    return [
        {
            "kind": "ridges",
            "title": f"layer {one.layer}: {one.quantity}",
            "x": one.quantity,
            "note": "on the first training rows; height: square root of the fraction, relative to the tallest bar",
            "ends": list(one.ends),
            "rows": [
                {"label": title, "fractions": short(fractions)}
                for title, fractions in zip(titles, one.fractions, strict=True)
            ],
        }
        for one in histograms
    ]
