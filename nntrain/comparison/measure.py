"""The measure by which runs are compared, and when a run reaches a target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from nntrain.comparison.run_result import LOSS, METRIC, SECONDS, STEP, RunResult
from nntrain.errors import bad_input, nearest
from nntrain.recipe.schema import Recipe
from nntrain.training.events import Scores

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Measure:
    """The measure by which runs are compared: the loss or the metric on a split."""

    split: str
    name: str  # loss, accuracy or r2

    @property
    def lower(self) -> bool:
        """Whether lower is better."""
        return self.name == "loss"

    @property
    def worst(self) -> float:
        """The value of a diverged run."""
        return inf if self.lower else -inf

    def of(self, row: RunResult, split: str | None = None) -> float:
        """Return a run's value, optionally on another split."""
        return self.worst if row.diverged else self.value(row.scores.get(split or self.split))

    def value(self, scores: Scores | None) -> float:
        """Return the value of some scores, or the worst value if it is missing."""
        value = None if scores is None else scores.loss if self.lower else scores.metric
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
    values: Any = row.records[:, LOSS if measure.lower else METRIC]
    there = np.flatnonzero(values <= target if measure.lower else values >= target)
    if not there.size:
        return None
    return Reached(float(row.records[there[0], STEP]), float(row.records[there[0], SECONDS]))


def choose(text: str | None, splits: Sequence[str], metric: str, recipes: Iterable[Recipe]) -> Measure:
    """Return the measure that ``text`` names, such as ``validation.loss``.

    Args:
        text: None for the validation loss (test loss without a validation split, training loss without both), or for
            the metric if the recipes have different losses.
        splits: those that all runs have.
        metric: accuracy or r2.
        recipes: the complete recipes of all variants.

    Raises:
        InputError: if the name is unknown.
    """
    if text is None:
        losses = {
            (recipe.loss.model_dump_json(), recipe.data.standardize_target)  # the loss depends on the target's unit
            for recipe in recipes
            if recipe.loss is not None
        }
        split = next(split for split in ("validation", "test", "train") if split in splits)
        return Measure(split, "loss" if len(losses) == 1 else metric)
    known = [f"{split}.{name}" for split in splits for name in ("loss", metric)]
    if text not in known:
        hint = f"{nearest(text, known)} allowed: {', '.join(known)}".strip()
        raise bad_input("--measure", f"unknown measure {text!r}", hint)
    return Measure(*text.split("."))
