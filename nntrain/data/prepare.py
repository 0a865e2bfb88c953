"""Split a dataset into training, validation and test rows, and scale them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.encoder import Encoder
from nntrain.data.preprocessing import Standardizer
from nntrain.data.split import split_rows, split_size
from nntrain.errors import bad_input, counted

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Rows of one split: features ``x`` (N, I), and class indices (N,) or numbers (N, T) ``y``."""

    x: NDArray[np.float64]
    y: NDArray[Any]
    _typed: dict[np.dtype[Any], NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def features(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the features converted to ``dtype``; the array is cached and shared by all runs."""
        if dtype not in self._typed:
            self._typed[dtype] = np.ascontiguousarray(self.x, dtype)
        return self._typed[dtype]

    @cached_property
    def largest(self) -> float:
        """The largest magnitude among features and targets."""
        return float(max(np.abs(self.x).max(), np.abs(self.y).max()))


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
    *,
    validation: float,
    test: float,
    stratify: bool,
    standardize: bool,
    standardize_target: bool,
    seed: int,
    test_seed: int | None = None,
) -> Prepared:
    """Split a dataset, and encode and scale all splits by what the training split shows.

    Args:
        dataset: all rows.
        validation: fraction of all rows for validation.
        test: fraction of all rows for the test split.
        stratify: keep the class proportions in each split.
        standardize: standardize the features.
        standardize_target: standardize the targets, in regression.
        seed: of the splits.
        test_seed: of the test split; None: ``seed``.

    Raises:
        InputError: if there are too few rows, a class has too few rows, or there is only one class.
    """
    raw = split_dataset(dataset, validation=validation, test=test, stratify=stratify, seed=seed, test_seed=test_seed)
    encoder = None if dataset.columns is None else Encoder.fit(dataset.columns, raw["train"].x)

    def encoded(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x if encoder is None else encoder.apply(encoder.recode(dataset.columns or (), x))

    splits = {name: Split(encoded(split.x), split.y) for name, split in raw.items()}
    train = splits["train"]
    inputs = targets = None
    if standardize:
        inputs = Standardizer.fit(train.x) if encoder is None else encoder.standardizer(train.x)
    if standardize_target and dataset.classes is None:
        targets = Standardizer.fit(train.y)

    def scaled(split: Split) -> Split:
        x = split.x if inputs is None else inputs.apply(split.x)
        return Split(x, split.y if targets is None else targets.apply(split.y))

    found = {name: scaled(split) for name, split in splits.items()}
    return Prepared(found["train"], found.get("validation"), found.get("test"), inputs, targets, encoder)


def split_dataset(
    dataset: Dataset, *, validation: float, test: float, stratify: bool, seed: int, test_seed: int | None = None
) -> dict[str, Split]:
    """Return the rows of each split as in the dataset: train, and validation and test if their fraction is above 0.

    Arguments and errors as of :func:`prepare`.
    """
    _check(dataset, validation, test, stratify)
    rows = np.arange(len(dataset.x))
    classes = dataset.y if dataset.classes is not None and stratify else None
    counts = {"test": split_size(test, rows.size), "validation": split_size(validation, rows.size)}
    taken = {}
    # the test split comes first, so that it does not depend on the validation fraction
    for name, count in counts.items():
        if count:
            split_seed = test_seed if name == "test" and test_seed is not None else seed
            stay, leave = split_rows(rows.size, count, split_seed, None if classes is None else classes[rows])
            taken[name] = rows[leave]
            rows = rows[stay]
    taken["train"] = rows
    chosen = {name: taken[name] for name in ("train", "validation", "test") if name in taken}
    return {name: Split(dataset.x[indices], dataset.y[indices]) for name, indices in chosen.items()}


def _check(dataset: Dataset, validation: float, test: float, stratify: bool) -> None:
    rows = len(dataset.x)
    sizes = [split_size(fraction, rows) for fraction in (validation, test) if fraction]
    left = rows - sum(sizes)
    if left < 1:
        raise bad_input(
            "data",
            f"{counted(rows, 'row')}: validation {validation:g} and test {test:g} leave none to train on",
            "add rows, or lower the fractions; 0 means no such split",
        )
    if dataset.classes is None:
        return
    counts = np.bincount(dataset.y, minlength=len(dataset.classes))
    if np.count_nonzero(counts) < 2:
        raise bad_input("data", f"only one class: {dataset.classes[int(counts.argmax())]!r}", "name another target")
    if not stratify or not sizes:
        return
    hint = "add rows, raise the fractions, or set data.stratify: false"
    if (smallest := min(*sizes, left)) < counts.size:
        what = f"a split of {counted(smallest, 'row')} cannot contain each of {counts.size} classes"
        raise bad_input("data", what, hint)
    rarest = int(counts.argmin())
    if counts[rarest] <= len(sizes):
        needed = len(sizes) + 1
        what = f"class {dataset.classes[rarest]!r} has {counted(int(counts[rarest]), 'row')}"
        raise bad_input("data", f"{what}; {needed} splits need at least {needed}", hint)
