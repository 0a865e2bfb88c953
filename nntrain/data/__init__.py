"""Data: where the rows come from, how they are split, and how features are scaled.

A dataset is a table of features beside its targets; a source is a component that can load one. A new file in this
folder, or a class in one of its files, is a new source.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.registry import Component

Label = str | int | bool
INTEGERS = range(-(2**63), 2**63)  # that a label can be: what tables hold in 64 bits


@dataclass(frozen=True)
class Dataset:
    """Rows as they stand in a table.

    Attributes:
        x: features (N, I).
        y: class indices (N,), or numbers (N, T).
        feature_names: the names of the features (I).
        target_names: the names of the targets: one for classes, T for numbers.
        classes: the label of each class index, or None for numbers (regression).
        notes: how the target was read where that was not certain, for the user.
        sha256: of the file that they were read from, or None where there is none of the user's.
    """

    x: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Label, ...] | None = None
    notes: tuple[str, ...] = ()
    sha256: str | None = None


class Source(Component, family="source"):
    """Where a recipe's rows come from."""

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return the rows.

        Args:
            folder: what a relative path is relative to.
            seed: the recipe's seed, for sources that draw their rows.

        Raises:
            InputError: if they cannot be read.
        """
        raise NotImplementedError

    def resolved(self, classification: bool) -> Self:
        """Return the source with nothing left open, for a target that turned out to have classes, or numbers."""
        return self
