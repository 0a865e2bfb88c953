"""``nntrain compare``: which variant suits a problem, how sure that is, and what it cost."""

from __future__ import annotations

from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import arguments
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nntrain.cli.comparing import Listener
    from nntrain.comparison.executors import Executor
    from nntrain.comparison.result import Result
    from nntrain.comparison.variants import Axis

SEEDS = 10


def command(
    recipes: arguments.Recipes = None,
    recipe: Annotated[
        list[str] | None, typer.Option("--recipe", metavar="FILE", help="The same as an argument. Repeatable.")
    ] = None,
    optimizers: arguments.Optimizers = None,
    losses: arguments.Losses = None,
    activations: arguments.Activations = None,
    initializers: arguments.Initializers = None,
    schedules: arguments.Schedules = None,
    batch_sizes: Annotated[str | None, typer.Option(metavar="NUMBERS", help="As in 16,64,full.")] = None,
    lrs: Annotated[str | None, typer.Option(metavar="NUMBERS", help="Learning rates, as in 0.1,0.01.")] = None,
    vary: arguments.Vary = None,
    settings: arguments.Settings = None,
    tune: Annotated[int, typer.Option(min=0, help="Trials of each variant, judged on the validation part.")] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, help="Runs of each variant that count.  [default: 10, or more where there are many pairs]"),
    ] = None,
    measure: arguments.Compared = None,
    target: Annotated[
        float | None,
        typer.Option(help="Value on the validation part to be reached.  [default with --tune: set by the protocol]"),
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send runs to a Dask cluster, as in tcp://10.0.0.1:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory of the runs.  [default: runs/compare-...]")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a line of CSV for each variant.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Compare variants of a recipe, or several recipes, on the same seeds.

    Every combination of the values is a variant. Data order, split and, where shapes agree, first weights are the same
    for all variants at a seed; the test part is the same in every run. A name of an optimizer means its own defaults,
    not the recipe's keys. Variants are ranked by the median on the validation part; test scores stand beside it.

    With --tune each variant gets that many quasi-random trials over its search space (the learning rate; from ten
    trials on momentum or beta1 too, from 25 on eps), and the best one on the validation part runs on all seeds, beside
    the untuned defaults. A run that diverges counts as infinitely bad.

    A difference is shown if Wilcoxon's p, with Holm's correction, is below 0.05 and the interval of the median of the
    paired differences excludes 0. Finished runs are kept in the directory, a line each: run the same command again to
    resume; no run is made twice.
    """
    from nntrain.cli.comparing import listener_for
    from nntrain.cli.interrupts import Interrupts
    from nntrain.comparison.variants import KEYS, axis

    if json + csv + markdown > 1:
        raise bad_input("compare", "choose one of --json, --csv and --markdown")
    if target is not None and not isfinite(target):
        raise bad_input("--target", f"found {target}, expected a finite number")
    given = {"optimizers": optimizers, "losses": losses, "activations": activations, "initializers": initializers}
    given |= {"schedules": schedules, "batch_sizes": batch_sizes, "lrs": lrs}
    axes = [
        axis(f"--{option.replace('_', '-')}", KEYS[option], text) for option, text in given.items() if text is not None
    ]
    axes += [_varied(text) for text in vary or []]
    paths = [*(recipes or []), *(recipe or [])] or ["digits"]
    form = "json" if json else "csv" if csv else "markdown" if markdown else "table"
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    if folders:
        if len(folders) < len(paths):
            raise bad_input(
                "compare", "found finished runs and recipes", "name directories of runs only, or recipes only"
            )
        if axes or settings or tune or seeds or dask or out:
            raise bad_input("compare", "runs that are done have nothing to vary, to tune or to keep", "name recipes")
        _show(compare_runs(folders, measure, target), form, None, quiet)
        return
    with (
        Interrupts(insist=True) as interrupts,
        listener_for(quiet) as listener,
        _executor(dask, interrupts.wanted, listener) as executor,
    ):
        result, folder = compare(
            paths, settings or [], axes, tune, seeds, measure, target, out, executor, listener, interrupts.wanted
        )
    if result is None:
        raise typer.Exit(interrupts.status)
    _show(result, form, folder, quiet)


def _show(result: Result, form: str, folder: Path | None, quiet: bool) -> None:
    from nntrain.cli.result import print_comparison

    print_comparison(result, form, folder, quiet)
    if result.diverged:
        raise typer.Exit(Status.DIVERGED)


@contextmanager
def _executor(dask: str | None, interrupted: Callable[[], bool], listener: Listener) -> Iterator[Executor]:
    if dask is None:
        from nntrain.comparison.executors import Threads

        yield Threads(interrupted)
        return
    from nntrain.comparison.cluster import Cluster

    cluster = Cluster(dask, interrupted, listener.note)
    try:
        yield cluster
    finally:
        cluster.close()


def compare(
    paths: Sequence[str],
    settings: Sequence[str],
    axes: Sequence[Axis],
    trials: int,
    seeds: int | None,
    measure: str | None,
    target: float | None,
    out: Path | None,
    executor: Executor,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[Result | None, Path]:
    """Make all runs of a comparison and leave its directory.

    Args:
        paths: recipes, each as a command's argument names it.
        settings: overrides for all of them, ``key=value``.
        axes: what varies.
        trials: of each variant; 0: nothing is tuned.
        seeds: runs of each variant that count; None: 10, or as many as it takes to show a difference among so many.
        measure: such as ``validation.loss``; None: that, or the metric where losses differ.
        target: a value of the measure on the validation part.
        out: directory; None for one under ``runs`` that is the same for the same comparison.
        executor: makes the runs.
        listener: is told every run.
        interrupted: whether the executor has been asked to end.

    Returns:
        What was found, None if interrupted before that, and the directory.

    Raises:
        InputError: if anything about the recipes, their data, the options or ``out`` is wrong.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.checks import check_tuning, measure_of
    from nntrain.comparison.folder import COMPARISON, RUNS
    from nntrain.comparison.jobs import Variants
    from nntrain.comparison.ledger import Ledger
    from nntrain.comparison.protocol import Budget, Runs, name_of, with_reference
    from nntrain.comparison.protocol import compare as run_all
    from nntrain.comparison.statistics import fewest_seeds
    from nntrain.comparison.variants import variants_of
    from nntrain.utils.files import make_folder, write_atomically
    from nntrain.utils.json import as_json

    compared = variants_of(paths, settings, axes)
    chosen = measure_of(compared, measure, trials, target)
    fewest = fewest_seeds(len(compared) * (len(compared) - 1) // 2)
    budget = Budget(seeds or max(SEEDS, fewest), trials, compared[0].recipe.seed, target)
    check_tuning(compared, trials)
    variants = Variants(with_reference(compared, budget))
    metric = "r2" if compared[0].dataset.classes is None else "accuracy"
    findings = Runs(variants, chosen, budget, len(compared), metric, varied=compared[0].keys)
    folder = out or Path("runs") / name_of(variants, budget, chosen)
    make_folder(folder)
    listener.begin([variant.name for variant in compared], chosen)
    for text in dict.fromkeys(text for variant in compared for text in variant.dataset.notes):
        listener.note(text)
    if budget.seeds < fewest:
        listener.note(
            f"{budget.seeds} seeds are too few to show a difference among {len(compared)} variants; it takes {fewest}"
        )
    with compiling_said(listener.note), Ledger(folder / RUNS, listener.note) as ledger:
        for event in run_all(variants, findings, ledger, executor):
            listener(event)
    if interrupted():
        listener.note(
            f"interrupted; {len(ledger.rows):,} runs are kept in {folder}: run the same command again to resume"
        )
        return None, folder
    result = result_of(findings)
    write_atomically(folder / COMPARISON, as_json(result.to_json(), indent=2))
    return result, folder


def compare_runs(folders: Sequence[Path], measure: str | None, target: float | None) -> Result:
    """Return what runs that are done say, variants being their recipes but for the seeds.

    Raises:
        InputError: if one of ``folders`` is not the directory of a run, or they cannot be compared.
    """
    from nntrain.comparison.analysis import result_of
    from nntrain.comparison.finished import findings_of

    return result_of(findings_of(folders, measure, target))


def _varied(text: str) -> Axis:
    from nntrain.comparison.variants import axis

    key, equals, values = text.partition("=")
    if not equals or not all(key.strip().split(".")):
        raise bad_input(f"--vary {text}", "expected key=values", "as in --vary model.dropout=0,0.5")
    return axis(f"--vary {key.strip()}=", key.strip(), values)
