"""What simple models reach, beside a network's scores."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.metrics import DEFAULTS, Task, metric_label, values
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import number
from nntrain.report.scores import Values, shown_metrics
from nntrain.training.evaluation import Baselines, BySplit

CONSTANT: Mapping[Task, str] = {"classification": "most frequent class", "regression": "mean"}


def baseline_lines(found: Baselines, task: Task) -> list[str]:
    """Return a line on the baselines' main metric on the split that matters most; none if there are no baselines."""
    if not found.constant:
        return []
    split, name = next(one for one in ("test", "validation", "train") if one in found.constant), DEFAULTS[task]
    texts = [f"{number(found.constant[split][name].value)} ({CONSTANT[task]})"]
    if found.linear:
        texts.append(f"{number(found.linear[split][name].value)} ({found.linear_name})")
    skipped = f"; linear model: {found.skipped}" if found.skipped else ""
    return [f"baselines: {split} {metric_label(name)} {', '.join(texts)}{skipped}"]


def baselines_table(
    scores: Values, found: Baselines, task: Task, width: int, names: Sequence[str] | None = None
) -> RenderableType:
    """Return a table with a row for each split and metric, and a column for the model and each baseline.

    Args:
        scores: the model's values by split and name.
        found: the baselines.
        task: whose main metrics are shown.
        width: columns of the terminal.
        names: the metrics to show, None for the main ones.
    """
    keys = shown_metrics(task, scores) if names is None else list(names)
    lines = [(split, key) for split in scores for key in keys]

    def cells(of: Values) -> list[str]:
        return [number(of[split].get(key)) for split, key in lines]

    columns = [
        Column("", [split if key == keys[0] else "" for split, key in lines], right=False),
        Column("", [metric_label(key) for _, key in lines], right=False),
        Column("model", cells(scores)),
        Column(CONSTANT[task], cells(_plain(found.constant))),
    ]
    if found.linear:
        columns.append(Column(found.linear_name, cells(_plain(found.linear))))
    table = fitted(columns, width)
    return Group(table, Text(f"linear model: {found.skipped}")) if found.skipped else table


def _plain(found: BySplit) -> Values:
    return {split: values(of) for split, of in found.items()}
