"""The runs of a comparison on its seeds, as other tools are told of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from nntrain.comparison.protocol import DEFAULT, TUNED, Runs
from nntrain.comparison.run_result import EPOCH, LOSS, METRIC, TRAIN_LOSS, RunResult
from nntrain.comparison.variants import with_settings
from nntrain.recipe.schema import to_data


@dataclass(frozen=True)
class SeedRun:
    """A run on a seed.

    Attributes:
        variant: its name, with ``-tuned`` after it if its settings are the result of trials.
        seed: its seed.
        recipe: its complete recipe, as plain data.
        row: its result.
    """

    variant: str
    seed: int
    recipe: dict[str, Any]
    row: RunResult


def seed_runs(runs: Runs) -> Iterator[SeedRun]:
    """Yield the runs on the seeds by variant and seed, without trials."""
    for (number, phase), by_seed in sorted(runs.runs.items()):
        if phase not in (DEFAULT, TUNED) or number >= runs.count:
            continue
        variant = runs.variants.all[number]
        for seed, row in sorted(by_seed.items()):
            recipe = to_data(with_settings(variant.recipe, seed, dict(row.about.get("settings") or {})))
            yield SeedRun(variant.name + ("-tuned" if phase == TUNED else ""), seed, recipe, row)


def curves(row: RunResult, metric: str) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the epochs that a comparison keeps of a run, each with its finite losses and metric by tag."""
    tags = {TRAIN_LOSS: "loss/train", LOSS: "loss/validation", METRIC: f"{metric}/validation"}
    for point in row.curve:
        yield int(point[EPOCH]), {tag: point[column] for column, tag in tags.items() if isfinite(point[column])}
