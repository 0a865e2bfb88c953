"""What a comparison is asked for, and what has to run for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.artifacts.lookup import open_recipe
from nntrain.comparison.checks import check_tuning, measure_of
from nntrain.comparison.jobs import Variants
from nntrain.comparison.protocol import Budget, Runs, with_reference
from nntrain.comparison.statistics import min_seeds
from nntrain.comparison.variants import (
    Axis,
    Variant,
    check_same_data,
    combinations_of,
    recording,
    same_data,
    variants_of,
)
from nntrain.errors import bad_input
from nntrain.metrics import DEFAULTS
from nntrain.recipe.load import Opened

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


def prepare(request: Request) -> tuple[Variants, Runs]:
    """Return the variants of a request, which have the same data, and the runs to make of them.

    Raises:
        InputError: if the recipes, their data or the options are wrong.
    """
    return _runs(request, variants_of(request.recipes, request.settings, request.axes))


@dataclass(frozen=True)
class Problem:
    """A recipe on which variants are compared, or several on the same data.

    Attributes:
        name: of its directory; empty if it is the only one.
        variants: what is compared.
        runs: the runs to make.
    """

    name: str
    variants: Variants
    runs: Runs


def problems_of(request: Request) -> list[Problem]:
    """Return the problems of a request: one for each recipe if something varies and their data differ, otherwise one.

    Raises:
        InputError: if the recipes, their data or the options are wrong.
    """
    if len(request.recipes) < 2 or not request.axes:
        return [Problem("", *prepare(request))]
    opened = [open_recipe(path) for path in request.recipes]
    together = combinations_of(request.recipes, opened, request.settings, request.axes)
    if all(same_data(together[0].dataset, one.dataset) for one in together):
        return [Problem("", *_runs(request, together))]
    if twice := [path for path in request.recipes if request.recipes.count(path) > 1]:
        raise bad_input("compare", f"{twice[0]} is given twice", "name each recipe once")
    names, found = _names(request.recipes, opened), list[Problem]()
    if same := [path for name, path in zip(names, request.recipes, strict=True) if names.count(name) > 1]:
        raise bad_input("compare", f"{' and '.join(same)} would have the same directory", "rename one of them")
    for name, path, one in zip(names, request.recipes, opened, strict=True):
        variants = combinations_of([path], [one], request.settings, request.axes)
        found.append(Problem(name, *_runs(request, variants)))
    return found


def _names(paths: Sequence[str], opened: Sequence[Opened]) -> list[str]:
    """Return the names of directories for recipes: their own, or their paths if those are ambiguous."""
    names = [one.name for one in opened]
    clear = [name if names.count(name) == 1 else path for name, path in zip(names, paths, strict=True)]
    return [re.sub(r"[^\w.-]+", "-", name).strip(".-") or f"recipe-{i}" for i, name in enumerate(clear, start=1)]


def _runs(request: Request, compared: list[Variant]) -> tuple[Variants, Runs]:
    check_same_data(compared)
    measure = measure_of(compared, request.measure, request.trials, request.target)
    seeds = request.seeds or max(SEEDS, fewest(len(compared)))
    budget = Budget(seeds, request.trials, compared[0].recipe.seed, request.target)
    check_tuning(compared, request.trials)
    default = DEFAULTS["regression" if compared[0].dataset.classes is None else "classification"]
    metric = default if measure.name == "loss" else measure.name
    variants = Variants([recording(one, metric, default) for one in with_reference(compared, budget)])
    return variants, Runs(variants, measure, budget, len(compared), metric, varied=compared[0].keys)


def fewest(variants: int) -> int:
    """Return the number of seeds at which a difference among that many variants can be shown."""
    return min_seeds(variants * (variants - 1) // 2)
