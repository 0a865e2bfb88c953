"""The outcomes of experiments as a table."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.doctor.experiments import Outcome
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import number


def experiments_table(outcomes: Sequence[Outcome], metric: str, width: int) -> RenderableType:
    """Return a row for each change: the metric on training and validation rows, without and with it."""
    if not outcomes:
        return Text("the recipe leaves nothing to change")
    rows = [(one, one.tried) for one in outcomes]
    table = fitted(
        [
            Column("experiment", [one.experiment for one, _ in rows], right=False, drop=1),
            Column("change", [one.text for one, _ in rows], right=False, folds=True),
            Column(f"training {metric}", [_change(one.train_before, one.train_after) for one, _ in rows], drop=2),
            Column(
                f"validation {metric}",
                ["not run" if tried is None else _change(tried.metric_before, tried.metric_after) for _, tried in rows],
            ),
        ],
        width,
    )
    left = sum(tried is None for _, tried in rows)
    note = [Text(f"{left} not run: the recipe does not allow it, or --budget is too small", "dim")] if left else []
    return Group(table, *note)


def _change(before: float | None, after: float | None) -> str:
    return f"{number(before)} -> {number(after)}"
