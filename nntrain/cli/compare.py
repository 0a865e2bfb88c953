"""``nntrain compare``: which variant suits a problem, how certain that is, and what it cost."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import arguments
from nntrain.cli.arguments import JsonOption
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nntrain.comparison.across import Across
    from nntrain.comparison.request import Request
    from nntrain.comparison.result import Result
    from nntrain.comparison.variants import Axis


def command(
    recipes: arguments.Recipes = None,
    recipe: Annotated[
        list[str] | None, typer.Option("--recipe", metavar="FILE", help="Same as an argument. Repeatable.")
    ] = None,
    optimizers: arguments.Optimizers = None,
    losses: arguments.Losses = None,
    activations: arguments.Activations = None,
    initializers: arguments.Initializers = None,
    schedules: arguments.Schedules = None,
    batch_sizes: arguments.BatchSizes = None,
    lrs: arguments.LearningRates = None,
    vary: arguments.Vary = None,
    settings: arguments.Settings = None,
    code: arguments.Code = None,
    tune: Annotated[int, typer.Option(min=0, metavar="N", help="Tuning trials per variant.")] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Runs per variant.  [default: 10, or more for many variants]"),
    ] = None,
    measure: arguments.Compared = None,
    target: Annotated[
        float | None,
        typer.Option(
            metavar="VALUE",
            help="Value to reach on the validation split.  [default: none, or with --tune one set by the protocol]",
        ),
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on a Dask cluster, such as tcp://10.0.0.1:8786.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write an event file for each run into the directory.")
    ] = False,
    mlflow: Annotated[
        bool,
        typer.Option("--mlflow", help="Log the runs to MLflow, where MLFLOW_TRACKING_URI says. Needs nntrain[mlflow]."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory for the runs.  [default: runs/compare-...]")
    ] = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print one line of CSV per variant.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    tables: arguments.FormatOption = arguments.TableFormat.TABLE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Compare variants of recipes on the same seeds.

    Every combination of the given values is a variant. At each seed, all variants share the split, the order of the
    samples and, where shapes agree, the initial weights; the test split is the same in every run. An optimizer given by
    name uses its own defaults, not the recipe's keys. Variants are ranked by their median on the validation split; test
    scores are shown but not used.

    With --tune, each variant gets that many quasi-random trials over its search space (the learning rate; from 10
    trials on also momentum or beta1, from 25 on also eps). The trial with the best validation score then runs on all
    seeds, and so do the untuned defaults. A run that diverges counts as infinitely bad.

    Recipes with different data are problems: if something varies, the variants are ranked on each of them, and across
    them by their mean rank.

    A difference is significant if Wilcoxon's p, with Holm's correction, is below 0.05 and the 95 % interval of the
    median paired difference excludes 0. Finished runs are kept: run the same command again to resume.
    """
    if code and dask is not None:
        raise bad_input("--code", "the workers of a Dask cluster do not have your file", "leave --dask out")
    form = _form({"json": json, "csv": csv, "markdown": markdown}, tables.value)
    if target is not None and not isfinite(target):
        raise bad_input("--target", f"found {target}, expected a finite number")
    values = {"optimizers": optimizers, "losses": losses, "activations": activations, "initializers": initializers}
    values |= {"schedules": schedules, "batch_sizes": batch_sizes, "lrs": lrs}
    paths = [*(recipes or []), *(recipe or [])] or ["digits"]
    from nntrain.comparison.request import Request

    request = Request(paths, settings or [], _axes(values, vary or []), tune, seeds, measure, target, out)
    if folders := _run_directories(request, dask, tensorboard or mlflow):
        from nntrain.cli.run_comparison import compare_finished

        _print(compare_finished(folders, measure, target), form, None, quiet)
    else:
        _run(request, dask, form, quiet, tensorboard, mlflow)


def _form(flags: Mapping[str, bool], tables: str) -> str:
    """Return the one form of output that was asked for."""
    chosen = [name for name, given in flags.items() if given]
    if len(chosen) + (tables != "table") > 1:
        raise bad_input("compare", f"choose one of {', '.join(f'--{name}' for name in flags)} and --format")
    return chosen[0] if chosen else tables


def _axes(values: Mapping[str, str | None], vary: Sequence[str]) -> list[Axis]:
    """Return what varies: the options with values of their own, then those of ``--vary``."""
    from nntrain.comparison.variants import KEYS, axis

    axes = [
        axis(f"--{option.replace('_', '-')}", KEYS[option], text) for option, text in values.items() if text is not None
    ]
    for text in vary:
        key, equals, given = text.partition("=")
        if not equals or not all(key.strip().split(".")):
            raise bad_input(f"--vary {text}", "expected KEY=VALUES", "such as --vary model.dropout=0,0.5")
        axes.append(axis(f"--vary {key.strip()}=", key.strip(), given))
    return axes


def _run_directories(request: Request, dask: str | None, logged: bool) -> list[Path]:
    """Return the run directories to compare; empty if recipes are to be run."""
    folders = [Path(path) for path in request.recipes if Path(path).is_dir()]
    if folders and len(folders) < len(request.recipes):
        raise bad_input(
            "compare", "cannot mix finished runs with recipes", "name run directories only, or recipes only"
        )
    for_recipes = request.axes or request.settings or request.trials or request.seeds or dask or request.out
    if folders and (for_recipes or logged):
        what = "finished runs are not trained again, so there is nothing to vary, tune or save"
        raise bad_input("compare", what, "leave these options out, or name recipes")
    return folders


def _run(request: Request, dask: str | None, form: str, quiet: bool, tensorboard: bool, mlflow: bool) -> None:
    from nntrain.cli.interrupts import Interrupts
    from nntrain.cli.progress import listener_for
    from nntrain.cli.run_comparison import compare, executor_for
    from nntrain.report.comparison_progress import ComparisonProgress

    with (
        Interrupts(insist=True) as interrupts,
        listener_for(ComparisonProgress(), quiet, keep=False) as listener,
        executor_for(dask, interrupts.wanted, listener.note) as executor,
    ):
        result, folder = compare(request, executor, listener, interrupts.wanted, tensorboard, mlflow)
    if result is None:
        raise typer.Exit(interrupts.status)
    _print(result, form, folder, quiet)


def _print(result: Result | Across, form: str, folder: Path | None, quiet: bool) -> None:
    from nntrain.cli.result import print_across, print_comparison
    from nntrain.comparison.across import Across

    if isinstance(result, Across):
        print_across(result, form, folder or Path(), quiet)
    else:
        print_comparison(result, form, folder, quiet)
    if result.diverged:
        raise typer.Exit(Status.DIVERGED)
