"""Finished runs of ``nntrain fit``, grouped into variants and compared by seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts.history import History, or_nan, read_history
from nntrain.comparison.differences import differing
from nntrain.comparison.measure import SPLITS, choose
from nntrain.comparison.protocol import DEFAULT, Budget, Runs
from nntrain.comparison.run_result import LOSS, TRAIN_LOSS, RunResult
from nntrain.comparison.variants import canonical, same_data
from nntrain.errors import bad_input
from nntrain.metrics import DEFAULTS, Task
from nntrain.recipe.files import check_pinned, with_absolute_path
from nntrain.recipe.schema import Recipe, to_data
from nntrain.training.events import Scores, Stopped


@dataclass(frozen=True)
class Finished:
    """A variant of finished runs, whose recipes differ only in the seed."""

    name: str
    recipe: Recipe
    differs: Mapping[str, str]


@dataclass(frozen=True)
class FinishedRuns:
    """The variants found in run directories."""

    all: Sequence[Finished]


def runs_of(folders: Sequence[Path], measure: str | None, target: float | None) -> Runs:
    """Read finished runs.

    Args:
        folders: run directories.
        measure: such as ``validation.loss``; None for that, or the metric if the losses differ.
        target: a value of the measure on the validation split.

    Raises:
        InputError: if a folder is not a run directory, or the runs cannot be compared.
    """
    runs = [_read(folder) for folder in folders]
    tasks: set[Task] = {run.summary["task"] for run in runs}
    if len(tasks) > 1:
        raise bad_input("compare", "cannot compare classification with regression runs")
    (task,) = tasks
    groups: dict[str, list[History]] = {}
    for run in runs:
        groups.setdefault(canonical(run.recipe.model_copy(update={"seed": 0})), []).append(run)
    if len(groups) < 2:
        raise bad_input("compare", "all runs have the same recipe: nothing to compare")
    _check_data(runs)
    recipes = [group[0].recipe for group in groups.values()]
    differs = differing([to_data(recipe) for recipe in recipes], ignored=("name", "seed"))
    names = [_name([run.folder for run in group], folders) for group in groups.values()]
    variants = [Finished(*facts) for facts in zip(names, recipes, differs, strict=True)]
    splits = [split for split in SPLITS if all(split in run.summary for run in runs)]
    chosen = choose(measure, splits, task, recipes)
    metric = DEFAULTS[task] if chosen.name == "loss" else chosen.name
    for run in runs:
        _check_metric(run, metric, splits, target)
    budget = Budget(0, 0, 0, target)
    all_runs = Runs(FinishedRuns(variants), chosen, budget, len(variants), metric, target=target, finished=True)
    for v, group in enumerate(groups.values()):
        all_runs.runs[v, DEFAULT] = _by_seed(group, metric)
    return all_runs


def _read(folder: Path) -> History:
    run = read_history(folder)
    return replace(run, recipe=with_absolute_path(run.recipe, folder))


def _check_metric(run: History, metric: str, parts: Sequence[str], target: float | None) -> None:
    """Refuse a run that did not record a metric."""
    hint = f"train it again with training.metrics: [{metric}]"
    missing = [part for part in parts if metric not in run.summary[part]]
    if missing:
        raise bad_input(run.folder, f"its summary has no {missing[0]}.{metric}", hint)
    if target is not None and f"validation_{metric}" not in run.columns:
        raise bad_input(run.folder, f"it did not record {metric} after each epoch, which --target needs", hint)


def _by_seed(runs: Iterable[History], metric: str) -> dict[int, RunResult]:
    found: dict[int, RunResult] = {}
    for run in runs:
        seed = run.recipe.seed
        if seed in found:
            raise bad_input(run.folder, f"another run has the same recipe and seed, {seed}")
        found[seed] = _result(run, metric)
    return found


def _result(run: History, metric: str) -> RunResult:
    summary = run.summary
    scores = {}
    for split in SPLITS:
        if split in summary:
            loss = or_nan(summary[split]["loss"])
            scores[split] = Scores(loss if isfinite(loss) else inf, summary[split][metric])
    curve = run.column("epoch", "step", "seconds", "train_loss", "validation_loss", f"validation_{metric}")
    losses = curve[:, LOSS if "validation" in scores else TRAIN_LOSS]
    area = float(losses.mean()) if len(curve) and np.isfinite(losses).all() else inf
    facts = (summary["epochs"], summary["steps"], float(summary["seconds"]))
    return RunResult(str(run.folder), Stopped(summary["stopped"]), *facts, scores, curve, curve, area)


def _name(runs: Sequence[Path], all_runs: Sequence[Path]) -> str:
    """Name a variant by its run directories, without their parents if that is unambiguous."""
    names = [run.resolve().name for run in all_runs]
    shown = [run.resolve().name if names.count(run.resolve().name) == 1 else str(run) for run in runs]
    return ", ".join(shown) if len(shown) < 3 else f"{shown[0]} and {len(shown) - 1} more"


def _check_data(runs: Sequence[History]) -> None:
    """Raise an error if the runs were trained on different data; equal sources give equal data for each seed."""

    def source(run: History) -> tuple[str, int | None]:
        source = run.recipe.data.source
        pinned = source.model_copy(update={"path": ""}) if getattr(source, "sha256", None) else source
        return pinned.model_dump_json(), run.recipe.data.test_seed

    first = runs[0]
    sources: dict[tuple[str, int | None], History] = {}
    for run in runs:
        sources.setdefault(source(run), run)
    if len(sources) < 2:
        return
    datasets = {}
    for key, run in sources.items():
        check_pinned(run.recipe, run.folder)
        _, test_seed = key
        datasets[key] = run.recipe.data.source.load(run.folder, first.recipe.seed if test_seed is None else test_seed)
        if not same_data(datasets[source(first)], datasets[key]):
            what = f"was trained on different data than {first.folder}: {_source_name(run)}, not {_source_name(first)}"
            raise bad_input(run.folder, what, "scores on different data cannot be compared")


def _source_name(run: History) -> str:
    source: Mapping[str, Any] = run.recipe.data.source.model_dump()
    return str(source.get("path") or source["name"])
