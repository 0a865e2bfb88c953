"""From a dataset to what a run trains on: parts for training, validation and test, scaled."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.preprocessing import Standardizer
from nntrain.data.split import share, split
from nntrain.errors import bad_input

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some rows: features ``x`` (N, I) and class indices (N,) or numbers (N, T) ``y``."""

    x: NDArray[np.float64]
    y: NDArray[Any]
    _typed: dict[np.dtype[Any], NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def features(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the features as numbers of a type: the same array for all runs that ask for it."""
        if dtype not in self._typed:
            self._typed[dtype] = np.ascontiguousarray(self.x, dtype)
        return self._typed[dtype]

    @cached_property
    def largest(self) -> float:
        """The largest magnitude among features and targets."""
        return float(max(np.abs(self.x).max(), np.abs(self.y).max()))


@dataclass(frozen=True)
class Prepared:
    """The parts of a dataset, scaled by ``inputs`` and ``targets`` where those are not None."""

    train: Part
    validation: Part | None
    test: Part | None
    inputs: Standardizer | None
    targets: Standardizer | None


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
    """Split a dataset and scale it by what is found in the training part.

    Args:
        dataset: all rows.
        validation: the share of all rows that measures progress.
        test: the share of all rows that is kept for the end.
        stratify: whether classes get the same share of each part.
        standardize: whether features are standardised.
        standardize_target: whether targets are, in regression.
        seed: of the splits.
        test_seed: of the split that takes the test part; None: ``seed``.

    Raises:
        InputError: if there are too few rows, or a class has too few, or there is one class only.
    """
    _check(dataset, validation, test, stratify)
    rows = np.arange(len(dataset.x))
    classes = dataset.y if dataset.classes is not None and stratify else None
    counts = {"test": share(test, rows.size), "validation": share(validation, rows.size)}
    taken = {}
    for (
        name,
        count,
    ) in counts.items():  # the test part first, so that it is the same whatever is held out for validation
        if count:
            of_part = test_seed if name == "test" and test_seed is not None else seed
            stay, leave = split(rows.size, count, of_part, None if classes is None else classes[rows])
            taken[name] = rows[leave]
            rows = rows[stay]
    parts = {name: Part(dataset.x[indices], dataset.y[indices]) for name, indices in {"train": rows, **taken}.items()}
    inputs = Standardizer.fit(parts["train"].x) if standardize else None
    targets = Standardizer.fit(parts["train"].y) if standardize_target and dataset.classes is None else None

    def scaled(name: str) -> Part | None:
        part = parts.get(name)
        if part is None:
            return None
        x = part.x if inputs is None else inputs.apply(part.x)
        return Part(x, part.y if targets is None else targets.apply(part.y))

    train = scaled("train")
    assert train is not None  # noqa: S101 - _check leaves it a row
    return Prepared(train, scaled("validation"), scaled("test"), inputs, targets)


def _check(dataset: Dataset, validation: float, test: float, stratify: bool) -> None:
    rows = len(dataset.x)
    parts = [share(fraction, rows) for fraction in (validation, test) if fraction]
    left = rows - sum(parts)
    if left < 1:
        raise bad_input(
            "data",
            f"{rows} rows are too few: validation {validation:g} and test {test:g} leave none to train on",
            "give more rows, or smaller shares; 0 leaves a part out",
        )
    if dataset.classes is None:
        return
    counts = np.bincount(dataset.y, minlength=len(dataset.classes))
    if np.count_nonzero(counts) < 2:
        raise bad_input("data", f"one class only: {dataset.classes[int(counts.argmax())]!r}", "name another target")
    if not stratify or not parts:
        return
    hint = "give more rows, larger shares, or stratify: false"
    if min(*parts, left) < counts.size:
        raise bad_input(
            "data", f"a part of {min(*parts, left)} rows cannot hold a row of each of {counts.size} classes", hint
        )
    rarest = int(counts.argmin())
    if counts[rarest] <= len(parts):
        label, count, needed = dataset.classes[rarest], counts[rarest], len(parts) + 1
        raise bad_input("data", f"class {label!r} has {count} rows; {needed} parts need at least {needed}", hint)
