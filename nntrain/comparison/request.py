"""What a comparison is asked for, and what has to run for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.comparison.checks import check_tuning, measure_of
from nntrain.comparison.jobs import Variants
from nntrain.comparison.protocol import Budget, Runs, with_reference
from nntrain.comparison.statistics import min_seeds
from nntrain.comparison.variants import Axis, recording, variants_of
from nntrain.metrics import DEFAULTS

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
    """Return the variants of a request, and the runs to make of them.

    Raises:
        InputError: if the recipes, their data or the options are wrong.
    """
    compared = variants_of(request.recipes, request.settings, request.axes)
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
