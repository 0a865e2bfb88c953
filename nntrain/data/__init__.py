"""Data: sources of rows, splits, and scaling.

A dataset holds features and targets; a source is a component that loads one. A source class in any file of this folder
is registered automatically.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.data.columns import RawColumn
from nntrain.data.split import SplitColumn
from nntrain.registry import Component

Label = str | int | bool
INTEGERS = range(-(2**63), 2**63)  # valid integer labels


@dataclass(frozen=True)
class Dataset:
    """Rows as in the source, not split or scaled.

    Attributes:
        x: features (N, I), or the raw numbers of columns.
        y: class indices (N,), or numbers (N, T); for several labels of two classes (N, L).
        feature_names: the names of the columns of ``x`` (I).
        target_names: the names of the targets: one for classes, T for numbers, L for several labels.
        classes: the label of each class index, or None for numbers (regression).
        notes: messages to the user about guesses, such as how the target was read.
        sha256: checksum of the user's file, or None.
        columns: how the raw numbers in ``x`` become features, or None if they are features already.
        rows: the position of each row in the user's file (N,), from 0; None: all rows in order.
        split_by: the column by which the rows are split; None: at random.
        test: rows of a separate test file, with the same features, targets and classes.
        weights: the weight of each row (N); None: all weigh the same.
        classes_listed: whether the recipe lists the classes, so that not all of them have to occur.
    """

    x: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Label, ...] | None = None
    notes: tuple[str, ...] = ()
    sha256: str | None = None
    columns: tuple[RawColumn, ...] | None = None
    rows: NDArray[np.int64] | None = None
    split_by: SplitColumn | None = None
    test: "Dataset | None" = None
    weights: NDArray[np.float64] | None = None
    classes_listed: bool = False

    @property
    def single_label(self) -> bool:
        """Whether each row has one class, and not numbers or several labels."""
        return self.classes is not None and self.y.ndim == 1


class Source(Component, family="source"):
    """Where a recipe's rows come from."""

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return the rows.

        Args:
            folder: base of relative paths.
            seed: the recipe's seed, for generated rows.

        Raises:
            InputError: if they cannot be read.
        """
        raise NotImplementedError

    def resolved(self, classification: bool) -> Self:
        """Return the source with all settings resolved, given the task that was found."""
        return self
