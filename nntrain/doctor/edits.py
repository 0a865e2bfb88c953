"""Edits of a recipe that an experiment tries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.recipe.schema import Layer, Recipe

Measure = Literal["score", "balanced", "loss"]


@dataclass(frozen=True)
class Edit:
    """A change of the recipe, or of the rows, that may cure a fault.

    Attributes:
        settings: recipe keys and their new values.
        rows: what the experiment changes in the rows, if anything; a recipe cannot express it. It gets the rows of all
            splits and the indices of those of the training split.
        text: what ``rows`` does, as advice.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[[Dataset, NDArray[np.int64]], Dataset] | None = None
    text: str = ""

    @property
    def key(self) -> str:
        """An identifier: equal edits have equal keys."""
        return f"{sorted(self.settings.items(), key=str)} {self.text}"

    def __or__(self, other: "Edit") -> "Edit":
        """Return both edits as one; settings of ``other`` win."""
        rows = self.rows or other.rows
        text = ", ".join(text for text in (self.text, other.text) if text)
        return Edit({**self.settings, **other.settings}, rows, text)

    def compatible(self, other: "Edit") -> bool:
        """Return whether two edits change different things."""
        if self.rows is not None and other.rows is not None:
            return False
        return not any(
            one == two or one.startswith(f"{two}.") or two.startswith(f"{one}.")
            for one in self.settings
            for two in other.settings
        )


NO_EDIT = Edit()
SCALED_FEATURES = Edit({"data.standardize": True})
SCALED_TARGET = Edit({"data.standardize_target": True})


def rate_times(recipe: Recipe, factor: float) -> Edit:
    """Return an edit that multiplies the learning rate."""
    return Edit({"optimizer.lr": float(f"{factor * recipe.optimizer.lr:.3g}")})


def longer(recipe: Recipe, factor: int) -> Edit:
    """Return an edit that multiplies the epochs."""
    return Edit({"training.epochs": factor * recipe.training.epochs})


def resized(layers: Sequence[int | Layer], size: Callable[[int], int]) -> list[Any]:
    """Return hidden layers with other numbers of units, and their other settings."""
    return [
        {**layer.model_dump(exclude_unset=True), "units": size(layer.units)}
        if isinstance(layer, Layer)
        else size(layer)
        for layer in layers
    ]
