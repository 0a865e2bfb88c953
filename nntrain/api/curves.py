"""The curves of a run as charts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.html.lines import Line, LineChart

if TYPE_CHECKING:
    import polars as pl

CHARTS = {  # title -> columns of the history, and whether ratios of values matter
    "loss": (("train_loss", "validation_loss"), True),
    "gradient norm": (("gradient_norm",), True),
    "learning rate": (("learning_rate",), True),
}


def charts(history: "pl.DataFrame", metric: str) -> list[LineChart]:
    """Return the charts of a run's history: losses, metric, gradient norm, and a learning rate that changes."""
    found = []
    for title, (columns, ratio) in {**CHARTS, metric: ((f"train_{metric}", f"validation_{metric}"), False)}.items():
        lines = [_line(history, name, index) for index, name in enumerate(columns) if name in history.columns]
        if title != "learning rate" or any(np.ptp(line.y) > 0 for line in lines):
            found.append(LineChart(title, lines, ratio=ratio))
    return [chart for chart in found if chart.drawable]


def _line(history: "pl.DataFrame", name: str, index: int) -> Line:
    values: Any = history[name].cast(float).fill_null(np.nan).to_numpy()
    return Line(name.replace("_", " "), history["epoch"].to_numpy().astype(np.float64), values, index)
