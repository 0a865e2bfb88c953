"""What the splits and the order of the rows show: numbered, repeated and shifted rows, contradicted labels."""

from math import isqrt, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.prepare import Split
from nntrain.doctor.data_facts import MAX_NEIGHBOR_ROWS, MIN_NEIGHBORS, nearest

MIN_NUMBERED_ROWS = 20  # fewer whole numbers may be different by chance
DENSE = 1.5  # times the number of rows: a wider range of whole numbers does not count rows
CONTRADICTS = 0.1  # fraction of the neighbors with the row's own label, up to which they contradict it
CHANCE = 0.1  # of the repeated rows: where more are expected by chance, they are natural
SHIFT_ERRORS = 6.0  # standard errors by which means of two splits differ only if their distributions do
SHIFT_STDS = 0.75  # standard deviations; smaller differences hardly matter


class Numbered(NamedTuple):
    """A column that numbers the rows, and whether the rows are sorted by the target."""

    name: str
    tells_target: bool


class Shift(NamedTuple):
    """A feature whose means in the training and the validation split differ, in standard deviations and errors."""

    name: str
    stds: float
    errors: float


def numbered(visible: Dataset, all_rows: int) -> tuple[Numbered, ...]:
    """Return the columns that number the rows: whole numbers, all different, without large gaps.

    Args:
        visible: the rows of the training and the validation split.
        all_rows: number of rows with those of the test split.
    """
    x, y = visible.x, visible.y
    if len(x) < MIN_NUMBERED_ROWS or x.shape[1] < 2:
        return ()
    found = []
    for column, name in zip(x.T, visible.feature_names, strict=True):
        whole = np.isfinite(column).all() and bool((column == np.round(column)).all())
        if whole and np.unique(column).size == len(x) and np.ptp(column) <= DENSE * all_rows:
            found.append(Numbered(name, _is_sorted(y[np.argsort(column)], visible.single_label)))
    return tuple(found)


def _is_sorted(y: NDArray[Any], classes: bool) -> bool:
    """Return whether targets are in order: each class in one block, or one column of numbers rising or falling."""
    if classes:
        return int((np.diff(y) != 0).sum()) == np.unique(y).size - 1
    steps = np.diff(y, axis=0)
    return bool(((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)).any())


def repeated(train: Split, validation: Split) -> float:
    """Return the fraction of the validation rows that the training split has too, with the same target.

    0 if as many are expected by chance, as in a table of few distinct rows.
    """
    pairs = [np.c_[split.x, split.y.astype(np.float64)] for split in (train, validation)]
    seen = {row.tobytes() for row in pairs[0]}
    count = sum(row.tobytes() in seen for row in pairs[1])
    by_chance = 1.0  # probability that two independent rows are equal
    for column in np.concatenate(pairs).T:
        _, counts = np.unique(column, return_counts=True)
        by_chance *= float(np.square(counts / counts.sum()).sum())
    expected = len(pairs[0]) * len(pairs[1]) * by_chance
    return count / len(pairs[1]) if expected <= CHANCE * count else 0.0


def shifts(train: Split, validation: Split, names: tuple[str, ...]) -> tuple[Shift, ...]:
    """Return the features whose distribution differs between the splits, the largest difference first.

    Formula:
        z = (mean of the one - mean of the other) / (std sqrt(1/n + 1/m))
    """
    both = np.concatenate([train.x, validation.x])
    std = both.std(axis=0)
    error = sqrt(1 / len(train.x) + 1 / len(validation.x))
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.nan_to_num(np.abs(train.x.mean(axis=0) - validation.x.mean(axis=0)) / std, posinf=0.0)
    found = [
        Shift(name, float(stds), float(stds) / error)
        for name, stds in zip(names, apart, strict=True)
        if stds > SHIFT_STDS and stds / error > SHIFT_ERRORS
    ]
    return tuple(sorted(found, key=lambda shift: -shift.stds))


def contradicted(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the fraction of rows (N, I) whose label (N) hardly any of their neighbors has.

    Source: Wilson, Asymptotic properties of nearest neighbor rules using edited data, 1972.
    """
    x, y = x[:MAX_NEIGHBOR_ROWS], y[:MAX_NEIGHBOR_ROWS]
    count = max(2 * MIN_NEIGHBORS, isqrt(len(x)) // 2)
    if len(x) <= 2 * count:
        return 0.0
    agree = (y[nearest(x, count)] == y[:, None]).mean(axis=1)
    return float((agree <= CONTRADICTS).mean())
