"""The measure by which runs are compared, and when a run reaches a target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from nntrain.comparison.run_result import LOSS, METRIC, SECONDS, STEP, RunResult
from nntrain.errors import bad_input, nearest
from nntrain.metrics import DEFAULTS, Task, lower_is_better
from nntrain.metrics.names import check_metric, usable
from nntrain.recipe.schema import Recipe
from nntrain.training.events import Scores

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Measure:
    """The measure by which runs are compared: the loss or a metric on a split."""

    split: str
    name: str  # loss, or the metric that the runs record

    @property
    def lower(self) -> bool:
        """Whether lower is better."""
        return lower_is_better(self.name)

    @property
    def worst(self) -> float:
        """The value of a diverged run."""
        return inf if self.lower else -inf

    def of(self, row: RunResult, split: str | None = None) -> float:
        """Return a run's value, optionally on another split."""
        return self.worst if row.diverged else self.value(row.scores.get(split or self.split))

    def value(self, scores: Scores | None) -> float:
        """Return the value of some scores, or the worst value if it is missing."""
        value = None if scores is None else scores.loss if self.name == "loss" else scores.metric
        return self.worst if value is None or np.isnan(value) else value

    def better(self, one: float, other: float) -> bool:
        """Return whether ``one`` is better than ``other``."""
        return one < other if self.lower else one > other


@dataclass(frozen=True)
class Reached:
    """When a run reached the target on the validation split: at the end of that epoch."""

    steps: float
    seconds: float


def reached(row: RunResult, measure: Measure, target: float) -> Reached | None:
    """Return when a run reached the target; None if it never did."""
    values: Any = row.records[:, LOSS if measure.name == "loss" else METRIC]
    there = np.flatnonzero(values <= target if measure.lower else values >= target)
    if not there.size:
        return None
    return Reached(float(row.records[there[0], STEP]), float(row.records[there[0], SECONDS]))


def choose(text: str | None, splits: Sequence[str], task: Task, recipes: Iterable[Recipe]) -> Measure:
    """Return the measure that ``text`` names, such as ``validation.loss``.

    Args:
        text: None for the validation loss (test loss without a validation split, training loss without both), or for
            accuracy or R² if the recipes have different losses.
        splits: those that all runs have.
        task: of the recipes.
        recipes: the complete recipes of all variants.

    Raises:
        InputError: if the name is unknown or does not fit the task.
    """
    if text is None:
        losses = {
            (recipe.loss.model_dump_json(), recipe.data.standardize_target, recipe.data.target_transform)  # its unit
            for recipe in recipes
            if recipe.loss is not None
        }
        split = next(split for split in ("validation", "test", "train") if split in splits)
        return Measure(split, "loss" if len(losses) == 1 else DEFAULTS[task])
    split, _, name = text.partition(".")
    if split not in splits or not name:
        known = [f"{split}.{name}" for split in splits for name in ("loss", *usable(task))]
        hint = f"{nearest(text, known)} splits: {', '.join(splits)}; as in {splits[-1]}.{DEFAULTS[task]}".strip()
        raise bad_input("--measure", f"unknown measure {text!r}", hint)
    check_metric("--measure", name, task, also=("loss",))
    return Measure(split, name)
