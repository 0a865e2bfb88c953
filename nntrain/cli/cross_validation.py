"""``nntrain fit --folds``: train all folds, and print mean and spread of their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from nntrain.errors import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.cli.folds import Folds
    from nntrain.cli.requirements import Condition


def cross_validate(folds: Folds, conditions: Sequence[Condition], as_json: bool, quiet: bool) -> None:
    """Train the folds, print the result, and exit with the status of the worst fold."""
    from nntrain.cli.folds import result_of
    from nntrain.cli.interrupts import GRACE_SECONDS, Interrupted, Interrupts
    from nntrain.cli.progress import listener_for
    from nntrain.cli.requirements import unmet
    from nntrain.cli.result import note, print_json, print_table
    from nntrain.cli.spread import means, spread_table
    from nntrain.report.run_progress import RunProgress
    from nntrain.training.events import Stopped

    def say(lines: list[str]) -> None:
        if not quiet:
            note(lines)

    with Interrupts(insist=True, grace=GRACE_SECONDS) as interrupts:
        try:
            summaries = list(folds.run(lambda: listener_for(RunProgress(), quiet), interrupts.wanted, conditions, say))
        except Interrupted:
            note(folds.how_to_resume())
            raise
    stopped = [summary["stopped"] for summary in summaries]
    if len(summaries) < folds.total or Stopped.INTERRUPTED in stopped:
        note(folds.how_to_resume())
        raise typer.Exit(interrupts.status)
    if any(summary["model"] is None for summary in summaries):
        raise typer.Exit(Status.NOT_WRITTEN)
    result = result_of(folds.folder, summaries)
    if as_json:
        print_json(result)
    else:
        print_table(spread_table(result, folds.job.metrics))
        say([f"out-of-fold predictions: {result['predictions']}"])
    misses = unmet(conditions, means(result))
    note(misses)
    if Stopped.DIVERGED in stopped:
        raise typer.Exit(Status.DIVERGED)
    if misses:
        raise typer.Exit(Status.FAILED)
