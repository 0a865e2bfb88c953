"""What ``nntrain compare`` does: run the variants of recipes, or compare finished runs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nntrain.cli.progress import Listener
    from nntrain.comparison.across import Across
    from nntrain.comparison.executors import Executor
    from nntrain.comparison.jobs import Variants
    from nntrain.comparison.protocol import Runs
    from nntrain.comparison.request import Problem, Request
    from nntrain.comparison.result import Result


@contextmanager
def executor_for(dask: str | None, interrupted: Callable[[], bool], note: Callable[[str], None]) -> Iterator[Executor]:
    """Provide what makes the runs: threads of this process, or the Dask cluster at an address."""
    if dask is None:
        from nntrain.comparison.executors import Threads

        yield Threads(interrupted)
        return
    from nntrain.comparison.cluster import Cluster

    cluster = Cluster(dask, interrupted, note)
    try:
        yield cluster
    finally:
        cluster.close()


def compare(
    request: Request,
    executor: Executor,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
    tensorboard: bool = False,
    mlflow: bool = False,
) -> tuple[Result | Across | None, Path]:
    """Make all runs of a comparison and write its directory.

    Args:
        request: what to compare.
        executor: makes the runs.
        listener: receives the start and every run.
        interrupted: whether the executor has been asked to stop.
        tensorboard: whether to write event files for TensorBoard.
        mlflow: whether to log the runs to MLflow, at the end.

    Returns:
        The result, across problems if there are several, None if interrupted; and the directory.

    Raises:
        InputError: if the recipes, their data, the options or the directory are wrong.
    """
    from nntrain.comparison.across import across
    from nntrain.comparison.folder import PROBLEMS
    from nntrain.comparison.protocol import name_of, name_of_all
    from nntrain.comparison.request import problems_of
    from nntrain.utils.files import write_atomically
    from nntrain.utils.json import as_json

    if mlflow:
        from nntrain.artifacts.mlflow_run import client

        client()  # before the runs, not after hours
    problems = problems_of(request)
    names = [name_of(one.variants, one.runs.budget, one.runs.measure) for one in problems]
    folder = request.out or Path("runs") / (names[0] if len(problems) == 1 else name_of_all(names))
    results = {}
    for number, one in enumerate(problems, start=1):
        title = f"{one.name} ({number} of {len(problems)})" if one.name else ""
        result = _run(one, folder / one.name, title, executor, listener, interrupted, tensorboard, mlflow)
        if result is None:
            return None, folder
        results[one.name] = result
    if len(problems) == 1:
        return results[problems[0].name], folder
    found = across(results, {one.name: one.runs for one in problems})
    write_atomically(folder / PROBLEMS, as_json(found.to_json(), indent=2))
    return found, folder


def _run(
    problem: Problem,
    folder: Path,
    title: str,
    executor: Executor,
    listener: Listener,
    interrupted: Callable[[], bool],
    tensorboard: bool,
    mlflow: bool,
) -> Result | None:
    """Make the runs of one problem; None if interrupted."""
    from nntrain.cli.compiling import announce_compiling
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.folder import COMPARISON, RUNS
    from nntrain.comparison.ledger import Ledger
    from nntrain.comparison.protocol import compare as run_all
    from nntrain.utils.files import make_folder, write_atomically
    from nntrain.utils.json import as_json

    variants, runs = problem.variants, problem.runs
    make_folder(folder)
    _announce(variants, runs, listener, title)
    with announce_compiling(listener.note), Ledger(folder / RUNS, listener.note) as ledger:
        for event in run_all(variants, runs, ledger, executor):
            listener(event)
    if interrupted():
        from nntrain.errors import counted

        kept = f"{counted(len(ledger.rows), 'finished run')} kept in {folder}"
        listener.note(f"interrupted; {kept}: run the same command again to resume")
        return None
    result = result_of(runs)
    write_atomically(folder / COMPARISON, as_json(result.to_json(), indent=2))
    if tensorboard:
        from nntrain.comparison.tensorboard import write_event_files

        write_event_files(folder, runs, listener.warn)
    if mlflow:
        from nntrain.comparison.mlflow_runs import log_comparison

        log_comparison(folder, runs, result, listener.warn)
    return result


def _announce(variants: Variants, runs: Runs, listener: Listener, title: str) -> None:
    """Report what is compared, the notes on its data, and whether the seeds are too few."""
    from nntrain.comparison.request import fewest
    from nntrain.report.comparison_progress import ComparisonStarted

    compared = variants.all[: runs.count]
    listener(ComparisonStarted([variant.name for variant in compared], runs.measure, title))
    for text in dict.fromkeys(text for variant in compared for text in variant.dataset.notes):
        listener.note(text)
    least = fewest(len(compared))
    if runs.budget.seeds < least:
        too_few = f"{runs.budget.seeds} seeds are too few to show a difference among {len(compared)} variants"
        listener.note(f"{too_few}: use at least {least}")


def compare_finished(folders: Sequence[Path], measure: str | None, target: float | None) -> Result:
    """Compare finished runs; runs whose recipes differ only in their seeds are of the same variant.

    Raises:
        InputError: if one of ``folders`` is not a run directory, or the runs cannot be compared.
    """
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.finished import runs_of

    return result_of(runs_of(folders, measure, target))
