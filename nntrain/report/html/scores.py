"""The scores of a single run: all metrics beside the baselines, the confusion matrix and the calibration."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from nntrain.artifacts.history import History
from nntrain.artifacts.history_facts import SPLITS
from nntrain.metrics import metric_label, metrics_of
from nntrain.report.baselines import CONSTANT
from nntrain.report.html.document import Figure, table
from nntrain.report.html.lines import Line, LineChart, line_figures
from nntrain.report.numbers import number

MAX_CLASSES = 30  # of a confusion matrix on a page


def scores_section(run: History) -> str:
    """Return the tables of a run's scores; empty for a run that has only loss and one metric."""
    summary = run.summary
    splits = [split for split in SPLITS if split in summary]
    names = [name for name in metrics_of(summary["task"]) if any(name in summary[split] for split in splits)]
    if len(names) < 2:
        return ""
    baselines: Mapping[str, Any] = summary.get("baselines") or {}
    heads = [("", "metric"), *(("", split) for split in splits)]
    last = next(split for split in reversed(splits))
    kinds = {"constant": CONSTANT[summary["task"]], "linear": "linear model"}
    simple = [(name, of[last]) for kind, name in kinds.items() if last in (of := baselines.get(kind) or {})]
    heads += [(f"baselines, {last}", name) for name, _ in simple]
    rows = [
        [
            escape(metric_label(name)),
            *(number(summary[split].get(name)) for split in splits),
            *(number(of.get(name)) for _, of in simple),
        ]
        for name in names
    ]
    return f"<h2>Scores</h2>{table(heads, rows, text=(0,))}{_confusion(summary, last)}"


def _confusion(summary: Mapping[str, Any], split: str) -> str:
    """Return the confusion matrix of a split; its cells are shaded by the fraction of their row."""
    counts, classes = (summary.get("confusion") or {}).get(split), summary.get("classes")
    if counts is None or not classes:
        return ""
    title = f"<h3>Confusion matrix, {escape(split)} split</h3>"
    if len(classes) > MAX_CLASSES:
        return f"{title}<p>{len(classes)} classes are too many for a table: see summary.json</p>"
    values = np.array(counts, np.float64)
    fractions = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    heads = [("", "true class"), *(("predicted class", str(label)) for label in classes)]
    rows = [
        [escape(str(label)), *(_cell(int(values[i, j]), fractions[i, j]) for j in range(len(classes)))]
        for i, label in enumerate(classes)
    ]
    return f"{title}{table(heads, rows, text=(0,))}"


def _cell(count: int, fraction: float) -> str:
    shade = f"background: color-mix(in srgb, currentColor {round(30 * fraction)}%, transparent)"
    return f'<span class="count" style="display: block; padding: 0 .4em; {shade}">{count:,}</span>'


def calibration_figures(run: History) -> list[Figure]:
    """Return the figure of how often the most probable class is right, by its probability; none in regression."""
    found: Mapping[str, Sequence[Mapping[str, float]]] = run.summary.get("calibration") or {}
    lines = [
        Line(
            split,
            np.array([one["confidence"] for one in bins]),
            np.array([one["accuracy"] for one in bins]),
            index,
        )
        for index, (split, bins) in enumerate(found.items())
    ]
    if not lines:
        return []
    ideal = Line("perfect", np.array([0.0, 1.0]), np.array([0.0, 1.0]), len(lines), thin=True)
    chart = LineChart(
        "calibration: fraction of right predictions",
        [*lines, ideal],
        "predicted probability of the most probable class",
    )
    return line_figures([chart])
