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


def spread_table(result: dict[str, Any], named: str | None = None) -> Table:
    """Return a table with the scores of each fold on its rows, and their mean and standard deviation.

    ``named``: the metrics to show, as ``--metrics`` names them; None for the main ones.
    """
    from rich.table import Table

    from nntrain.metrics import metric_label, metrics
    from nntrain.metrics.names import chosen
    from nntrain.report.numbers import number
    from nntrain.report.scores import shown_metrics

    table = Table(box=None, pad_edge=False, header_style="bold")
    found = result["test"]
    task = next(metrics()[name].task for name in found if name in metrics())
    names = chosen(named, task, probabilities=True)
    if names is None:
        names = shown_metrics(task, {"test": {name: score["mean"] for name, score in found.items()}})
    scores = {name: found[name] for name in ("loss", *names)}
    table.add_column("fold")
    for name in scores:
        table.add_column(f"test {metric_label(name)}", justify="right")
    for place in range(result["folds"]):
        table.add_row(str(place + 1), *(number(score["values"][place]) for score in scores.values()))
    table.add_row("mean", *(number(score["mean"]) for score in scores.values()), style="bold")
    table.add_row("std", *(number(score["std"]) for score in scores.values()))
    return table
