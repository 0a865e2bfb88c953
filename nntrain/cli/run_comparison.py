"""What ``nntrain compare`` does: run the variants of recipes, or compare finished runs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nntrain.cli.progress import Listener
    from nntrain.comparison.executors import Executor
    from nntrain.comparison.jobs import Variants
    from nntrain.comparison.protocol import Runs
    from nntrain.comparison.result import Result
    from nntrain.comparison.variants import Axis

SEEDS = 10  # of each variant, unless more are needed to show a difference


@dataclass(frozen=True)
class Request:
    """What to compare, and how.

    Attributes:
        recipes: recipes or run directories, as a command's argument names them.
        settings: overrides for all recipes, ``key=value``.
        axes: what varies.
        trials: tuning trials per variant; 0 for none.
        seeds: runs per variant; None for 10, or as many as it takes to show a difference.
        measure: such as ``validation.loss``; None for that, or for the metric where losses differ.
        target: value of the measure to reach on the validation split.
        out: directory; None for one under ``runs`` that is the same for the same comparison.
    """

    recipes: Sequence[str]
    settings: Sequence[str] = ()
    axes: Sequence[Axis] = ()
    trials: int = 0
    seeds: int | None = None
    measure: str | None = None
    target: float | None = None
    out: Path | None = None


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
    request: Request, executor: Executor, listener: Listener, interrupted: Callable[[], bool] = lambda: False
) -> tuple[Result | None, Path]:
    """Make all runs of a comparison and write its directory.

    Args:
        request: what to compare.
        executor: makes the runs.
        listener: receives the start and every run.
        interrupted: whether the executor has been asked to stop.

    Returns:
        The result, None if interrupted, and the directory.

    Raises:
        InputError: if the recipes, their data, the options or the directory are wrong.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.folder import COMPARISON, RUNS
    from nntrain.comparison.ledger import Ledger
    from nntrain.comparison.protocol import compare as run_all
    from nntrain.comparison.protocol import name_of
    from nntrain.utils.files import make_folder, write_atomically
    from nntrain.utils.json import as_json

    variants, runs = _prepare(request)
    folder = request.out or Path("runs") / name_of(variants, runs.budget, runs.measure)
    make_folder(folder)
    _announce(variants, runs, listener)
    with announce_compiling(listener.note), Ledger(folder / RUNS, listener.note) as ledger:
        for event in run_all(variants, runs, ledger, executor):
            listener(event)
    if interrupted():
        from nntrain.errors import counted

        kept = f"{counted(len(ledger.rows), 'finished run')} kept in {folder}"
        listener.note(f"interrupted; {kept}: run the same command again to resume")
        return None, folder
    result = result_of(runs)
    write_atomically(folder / COMPARISON, as_json(result.to_json(), indent=2))
    return result, folder


def _prepare(request: Request) -> tuple[Variants, Runs]:
    from nntrain.comparison.checks import check_tuning, measure_of
    from nntrain.comparison.jobs import Variants
    from nntrain.comparison.protocol import Budget, Runs, with_reference
    from nntrain.comparison.variants import variants_of

    compared = variants_of(request.recipes, request.settings, request.axes)
    measure = measure_of(compared, request.measure, request.trials, request.target)
    seeds = request.seeds or max(SEEDS, _fewest_seeds(len(compared)))
    budget = Budget(seeds, request.trials, compared[0].recipe.seed, request.target)
    check_tuning(compared, request.trials)
    variants = Variants(with_reference(compared, budget))
    metric = "r2" if compared[0].dataset.classes is None else "accuracy"
    return variants, Runs(variants, measure, budget, len(compared), metric, varied=compared[0].keys)


def _announce(variants: Variants, runs: Runs, listener: Listener) -> None:
    """Report what is compared, the notes on its data, and whether the seeds are too few."""
    from nntrain.report.comparison_progress import ComparisonStarted

    compared = variants.all[: runs.count]
    listener(ComparisonStarted([variant.name for variant in compared], runs.measure))
    for text in dict.fromkeys(text for variant in compared for text in variant.dataset.notes):
        listener.note(text)
    fewest = _fewest_seeds(len(compared))
    if runs.budget.seeds < fewest:
        too_few = f"{runs.budget.seeds} seeds are too few to show a difference among {len(compared)} variants"
        listener.note(f"{too_few}: use at least {fewest}")


def _fewest_seeds(variants: int) -> int:
    from nntrain.comparison.statistics import min_seeds

    return min_seeds(variants * (variants - 1) // 2)


def compare_finished(folders: Sequence[Path], measure: str | None, target: float | None) -> Result:
    """Compare finished runs; runs whose recipes differ only in their seeds are of the same variant.

    Raises:
        InputError: if one of ``folders`` is not a run directory, or the runs cannot be compared.
    """
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.finished import runs_of

    return result_of(runs_of(folders, measure, target))
