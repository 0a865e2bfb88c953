"""Split a dataset into training, validation and test rows, and scale them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.columns import RawColumn
from nntrain.data.columns.numeric import Numeric
from nntrain.data.encoder import Encoder
from nntrain.data.partition import Splitting, partition
from nntrain.data.preprocessing import Scaling, Standardizer
from nntrain.data.split import Indices
from nntrain.data.target_scaling import Transform, TransformedTargets
from nntrain.errors import bad_key


@dataclass(frozen=True)
class Split:
    """Rows of one split.

    Attributes:
        x: the features (N, I).
        y: class indices (N,), numbers (N, T), or class indices of several labels (N, L).
        weights: the weight of each row (N); None: all weigh the same.
        in_memory: whether the arrays are in memory, and not in mapped files.
    """

    in_memory: ClassVar[bool] = True
    x: NDArray[np.float64]
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    _typed: dict[np.dtype[Any], NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def features(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the features converted to ``dtype``; the array is cached and shared by all runs."""
        if dtype not in self._typed:
            self._typed[dtype] = np.ascontiguousarray(self.x, dtype)
        return self._typed[dtype]

    def take(self, rows: slice | Indices) -> "Split":
        """Return some of the rows."""
        return Split(_taken(self.x, rows), _taken(self.y, rows), None if self.weights is None else self.weights[rows])

    @cached_property
    def largest(self) -> float:
        """The largest magnitude among features and targets."""
        return float(max(np.abs(self.x).max(), np.abs(self.y).max()))


def _taken(values: NDArray[Any], rows: slice | Indices) -> NDArray[Any]:
    """Return some of the rows; ``take`` is several times faster than indexing with an array."""
    return values[rows] if isinstance(rows, slice) else np.asarray(values).take(rows, axis=0)


@dataclass(frozen=True)
class Prepared:
    """The splits of a dataset, encoded and scaled by ``encoder``, ``inputs`` and ``targets`` unless those are None."""

    train: Split
    validation: Split | None
    test: Split | None
    inputs: Standardizer | None
    targets: Standardizer | None
    encoder: Encoder | None = None


def prepare(
    dataset: Dataset,
    how: Splitting,
    *,
    standardize: bool,
    standardize_target: bool,
    scaling: Scaling | Literal["quantile"] = "standard",
    target_transform: Transform | None = None,
) -> Prepared:
    """Split a dataset, and encode and scale all splits by what the training split shows.

    Args:
        dataset: all rows.
        how: they are split.
        standardize: scale the features.
        standardize_target: standardize the targets, in regression.
        scaling: how features are scaled.
        target_transform: how targets are transformed before they are standardized, in regression.

    Raises:
        InputError: if there are too few rows, a class has too few rows, or there is only one class.
    """
    raw = split_dataset(dataset, how)
    all_columns = dataset.columns
    if standardize and scaling == "quantile":
        all_columns = by_quantiles(all_columns or [RawColumn(name, Numeric()) for name in dataset.feature_names])
    others: Scaling = "none" if not standardize else "standard" if scaling == "quantile" else scaling
    encoder = None if all_columns is None else Encoder.fit(all_columns, raw["train"].x)

    def encoded(name: str) -> NDArray[np.float64]:
        columns = dataset.test.columns if dataset.test is not None and name == "test" else all_columns
        x = raw[name].x
        return x if encoder is None else encoder.apply(encoder.recode(columns or (), x))

    splits = {name: Split(encoded(name), split.y, split.weights) for name, split in raw.items()}
    train = splits["train"]
    inputs: Standardizer | None = None
    targets: Standardizer | TransformedTargets | None = None
    if encoder is not None:
        inputs = encoder.standardizer(train.x, others)
    elif others != "none":
        inputs = Standardizer.of(train.x, others)
    if target_transform is not None and dataset.classes is None:
        targets = TransformedTargets.fit_transform(train.y, target_transform, standardize_target)
        for split in splits.values():
            targets.check(split.y)
    elif standardize_target and dataset.classes is None:
        targets = Standardizer.fit(train.y)

    def scaled(split: Split) -> Split:
        x = split.x if inputs is None else inputs.apply(split.x)
        return Split(x, split.y if targets is None else targets.apply(split.y), split.weights)

    found = {name: scaled(split) for name, split in splits.items()}
    return Prepared(found["train"], found.get("validation"), found.get("test"), inputs, targets, encoder)


def by_quantiles(columns: Sequence[RawColumn]) -> tuple[RawColumn, ...]:
    """Return columns whose numbers are scaled by quantiles, unless they have a scaling of their own."""
    found = []
    for column in columns:
        if isinstance(column.role, Numeric) and column.role.scale is None:
            column = replace(column, role=column.role.model_copy(update={"scale": "quantile"}))
        found.append(column)
    return tuple(found)


def split_dataset(dataset: Dataset, how: Splitting) -> dict[str, Split]:
    """Return the rows of each split as in the dataset: train, and validation and test if there are such splits.

    Arguments and errors as of :func:`prepare`.
    """
    everything = Split(dataset.x, dataset.y, dataset.weights)
    found: dict[str, Split] = {name: everything.take(rows) for name, rows in partition(dataset, how).items()}
    if dataset.test is not None:
        found["test"] = Split(dataset.test.x, dataset.test.y, dataset.test.weights)
    for name, split in found.items():
        if split.weights is not None and not split.weights.any():
            what = f"all rows of the {name} split have weight 0"
            raise bad_key("data.source.weights", what, "give some of its rows a weight, or add rows")
    return found
