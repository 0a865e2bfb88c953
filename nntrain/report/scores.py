"""Tables of scores by split."""

from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from nntrain.metrics import Task, metric_label, metrics, metrics_of
from nntrain.metrics.bootstrap import Interval
from nntrain.printable import printable
from nntrain.report.fitting import Column, fitted, has_room
from nntrain.report.numbers import number

MAX_WIDTH = 120  # of a table with a column for each metric
Values = Mapping[str, Mapping[str, float | None]]  # split -> name -> value


def shown_metrics(task: Task, scores: Values) -> list[str]:
    """Return the metrics that a table shows unless the user names others: the task's main ones that have a value."""
    main = [name for name, metric in metrics_of(task).items() if metric.shown]
    return [name for name in main if any(values.get(name) is not None for values in scores.values())] or main[:1]


def scores_table(scores: Values, task: Task, width: int, names: Sequence[str] | None = None) -> RenderableType:
    """Return a table of loss and metrics by split, or with a row for each metric if they need more columns.

    Args:
        scores: the values by split and name.
        task: whose main metrics are shown.
        width: columns of the terminal.
        names: the metrics to show, None for the main ones.
    """
    keys = ["loss", *(shown_metrics(task, scores) if names is None else names)]
    cells = {key: [number(values.get(key)) for values in scores.values()] for key in keys}
    wide = [Column("", list(scores), right=False)]
    wide += [Column(metric_label(key), texts, name=metric_label(key)) for key, texts in cells.items()]
    if has_room(wide, min(width, MAX_WIDTH)):
        return fitted(wide, width)
    columns = [Column("", [metric_label(key) for key in keys], right=False)]
    columns += [Column(split, [cells[key][i] for key in keys]) for i, split in enumerate(scores)]
    return fitted(columns, width)


def intervals_table(
    split: str, values: Mapping[str, float | None], intervals: Mapping[str, Interval | None], width: int
) -> RenderableType:
    """Return metrics of one split with their bootstrap intervals, for ``width`` columns."""
    ranges = ["–" if one is None else f"{number(one.low)} – {number(one.high)}" for one in intervals.values()]
    columns = [
        Column(split, [metric_label(name) for name in intervals], right=False),
        Column("value", [number(values.get(name)) for name in intervals]),
        Column("95 % interval", ranges),
    ]
    return fitted(columns, width)


def targets_table(targets: Values, names: Sequence[str], width: int) -> RenderableType:
    """Return metrics with these ``names`` of each of several targets, for ``width`` columns."""
    columns = [Column("", [printable(name) for name in targets], right=False, folds=True)]
    for key in names:
        texts = [number(values.get(key)) for values in targets.values()]
        columns.append(Column(metric_label(key), texts, name=metric_label(key)))
    return fitted(columns, width)


def loss_note(task: Task, scale: str, names: Sequence[str]) -> list[str]:
    """Return a note on the scale of the loss, if it differs from that of the errors among ``names``."""
    if task == "classification" or scale == "targets" or all(metrics()[name].greater_is_better for name in names):
        return []
    return [f"the loss is that of {scale}; metrics are computed in the target's own units"]


def undefined_notes(reasons: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return why metrics in ``names`` have no value, from the reasons by split and name, as in ``test.roc_auc``."""
    splits: dict[tuple[str, str], list[str]] = {}
    for key, reason in reasons.items():
        split, _, name = key.partition(".")
        if name in names:
            splits.setdefault((metric_label(name), reason), []).append(split)
    return [f"no {label} on {', '.join(where)}: {reason}" for (label, reason), where in splits.items()]
