"""What runs are compared by, and when a run has reached a target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from nntrain.comparison.run_result import LOSS, METRIC, SECONDS, STEP, RunResult
from nntrain.errors import bad_input, nearest
from nntrain.recipe.schema import Recipe
from nntrain.training.events import Scores

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Measure:
    """What runs are compared by: ``part`` of the data, and its loss or its metric."""

    part: str
    name: str  # loss, accuracy or r2

    @property
    def lower(self) -> bool:
        """Whether less is better."""
        return self.name == "loss"

    @property
    def worst(self) -> float:
        """Return what a run that diverged has."""
        return inf if self.lower else -inf

    def of(self, row: RunResult, part: str | None = None) -> float:
        """Return a run's value, on another part if one is given."""
        return self.worst if row.diverged else self.value(row.scores.get(part or self.part))

    def value(self, scores: Scores | None) -> float:
        """Return the value that scores have, the worst if there is none."""
        value = None if scores is None else scores.loss if self.lower else scores.metric
        return self.worst if value is None or np.isnan(value) else value

    def better(self, one: float, other: float) -> bool:
        """Return whether ``one`` is better than ``other``."""
        return one < other if self.lower else one > other


@dataclass(frozen=True)
class Reached:
    """When a run reached the target on the validation part: at the end of which epoch."""

    steps: float
    seconds: float


def reached(row: RunResult, measure: Measure, target: float) -> Reached | None:
    """Return when, or None if it never did."""
    values: Any = row.records[:, LOSS if measure.lower else METRIC]
    there = np.flatnonzero(values <= target if measure.lower else values >= target)
    if not there.size:
        return None
    return Reached(float(row.records[there[0], STEP]), float(row.records[there[0], SECONDS]))


def choose(text: str | None, parts: Sequence[str], metric: str, recipes: Iterable[Recipe]) -> Measure:
    """Return the measure that ``text`` names, such as ``validation.loss``.

    Args:
        text: None for the loss on the validation part (without one on the test part, without both on the training
            part), or the metric where the recipes have different losses.
        parts: of the data that all runs have.
        metric: accuracy or r2.
        recipes: complete, of all variants.

    Raises:
        InputError: if there is none of that name.
    """
    if text is None:
        losses = {
            (recipe.loss.model_dump_json(), recipe.data.standardize_target)  # the unit of what it is the loss of
            for recipe in recipes
            if recipe.loss is not None
        }
        part = next(part for part in ("validation", "test", "train") if part in parts)
        return Measure(part, "loss" if len(losses) == 1 else metric)
    known = [f"{part}.{name}" for part in parts for name in ("loss", metric)]
    if text not in known:
        hint = f"{nearest(text, known)} allowed: {', '.join(known)}".strip()
        raise bad_input("--measure", f"found {text!r}", hint)
    return Measure(*text.split("."))
