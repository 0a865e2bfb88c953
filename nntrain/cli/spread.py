"""Mean and standard deviation of the scores of several runs."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

SPLITS = ("train", "validation", "test")


def spread(summaries: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each split and score of the runs: mean, std (sample standard deviation) and values, in their order.

    A score that a run lacks, because it diverged, makes mean and std null.
    """
    return {
        split: {name: _of([summary[split][name] for summary in summaries]) for name in summaries[0][split]}
        for split in SPLITS
        if all(split in summary for summary in summaries)
    }


def _of(values: list[float | None]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    whole = len(known) == len(values)
    return {
        "mean": fmean(known) if whole else None,
        "std": stdev(known) if whole and len(known) > 1 else None,
        "values": values,
    }


def means(result: dict[str, Any]) -> dict[str, Any]:
    """Return the mean scores of :func:`spread`, as conditions look them up."""
    return {
        split: {name: score["mean"] for name, score in result[split].items()} for split in SPLITS if split in result
    }


def spread_table(result: dict[str, Any]) -> Table:
    """Return a table with the scores of each fold on its rows, and their mean and standard deviation."""
    from rich.table import Table

    from nntrain.report.numbers import number
    from nntrain.report.summary import metric_name

    table = Table(box=None, pad_edge=False, header_style="bold")
    scores = result["test"]
    table.add_column("fold")
    for name in scores:
        table.add_column(f"test {metric_name(name)}", justify="right")
    for place in range(result["folds"]):
        table.add_row(str(place + 1), *(number(score["values"][place]) for score in scores.values()))
    table.add_row("mean", *(number(score["mean"]) for score in scores.values()), style="bold")
    table.add_row("std", *(number(score["std"]) for score in scores.values()))
    return table
