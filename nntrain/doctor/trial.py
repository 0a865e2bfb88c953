"""A run of the recipe, edited or not, and what it gains over another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.facts import Facts
from nntrain.doctor.edits import Edit, Measure
from nntrain.recipe.build import Built


@dataclass(frozen=True)
class Trial:
    """A run of the recipe, edited or not.

    Attributes:
        edit: what was changed.
        seed: of the run and its validation split.
        built: recipe, data and plan.
        facts: its curves and final scores.
        errors: of each sample of the judged split, for each measure (see nntrain.doctor.scores).
        theta: the resulting parameters.
        gradient_norms: after each epoch, where they were measured.
        complete: whether it ended by itself within its time.
    """

    edit: Edit
    seed: int
    built: Built
    facts: Facts
    errors: Mapping[str, NDArray[np.float64]]
    train_score: float
    theta: NDArray[Any]
    gradient_norms: Sequence[float]
    complete: bool

    @property
    def score(self) -> float:
        """The score on the judged split: 1 is perfect, 0 the best constant."""
        return 1 - float(self.errors["score"].mean())

    @property
    def score_error(self) -> float:
        """The standard error of the score."""
        errors = self.errors["score"]
        return float(errors.std() / np.sqrt(max(len(errors), 1)))


def gain(before: Trial, after: Trial, measure: Measure) -> tuple[float, float]:
    """Return by how much the error fell from one trial to another of the same seed, and its standard error."""
    one, other = before.errors[measure], after.errors[measure]
    if one.shape != other.shape:
        return float(one.mean() - other.mean()), float(np.hypot(one.std(), other.std()) / np.sqrt(len(other)))
    difference = one - other
    return float(difference.mean()), float(difference.std() / np.sqrt(max(len(difference), 1)))
