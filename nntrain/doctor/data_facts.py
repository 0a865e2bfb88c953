"""What the rows themselves show, before anything is trained."""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset

OUTLIER_IQRS = 30.0  # distance from the median, in interquartile ranges, of an outlier
MAX_OUTLIERS = 0.1  # a larger fraction of a column is no outlier
MIN_REPEATS = 3  # of the same far value, which then stands for a missing one
MIN_NEIGHBORS = 5  # at least; else the root of the number of rows
MAX_NEIGHBOR_ROWS = 2000

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class DataFacts:
    """Facts about a dataset.

    Attributes:
        rows: number of rows.
        scales: standard deviation of each feature that varies, unscaled.
        offsets: absolute mean of each such feature in its standard deviations.
        constant: names of the features that do not vary.
        duplicated: pairs of equal features.
        leaks: features that determine the target exactly.
        outliers: (N, I): values far from their column's median.
        target_outliers: (N): the same for the target.
        codes: repeated far values of features, such as -999 for a missing one: name -> value.
        class_fractions: of each class; empty for regression.
        target_mean: mean of the targets (regression).
        target_std: standard deviation of the targets.
        whole_targets: number of different target values if all are whole numbers, else 0.
    """

    rows: int
    scales: NDArray[np.float64]
    offsets: NDArray[np.float64]
    constant: tuple[str, ...]
    duplicated: tuple[tuple[str, str], ...]
    leaks: tuple[str, ...]
    outliers: Mask
    target_outliers: Mask
    codes: dict[str, float]
    class_fractions: tuple[float, ...]
    target_mean: float
    target_std: float
    whole_targets: int

    @classmethod
    def of(cls, dataset: Dataset) -> "DataFacts":
        """Measure a dataset."""
        x, y, names = dataset.x, dataset.y, dataset.feature_names
        with np.errstate(all="ignore"):
            std, mean = x.std(axis=0), x.mean(axis=0)
        varies = np.ptp(x, axis=0) > 0
        outliers = far(x)
        numbers = dataset.classes is None
        return cls(
            rows=len(x),
            scales=std[varies],
            offsets=np.abs(mean[varies]) / std[varies],
            constant=tuple(name for name, does in zip(names, varies, strict=True) if not does),
            duplicated=_duplicated(x, names, varies),
            leaks=_leaks(x, y, names, numbers),
            outliers=outliers,
            target_outliers=np.asarray(far(y).any(axis=1)) if numbers else np.zeros(len(x), np.bool_),
            codes=_codes(x, names, outliers),
            class_fractions=() if numbers else tuple((np.bincount(y) / len(y)).tolist()),
            target_mean=float(np.abs(y.mean(axis=0)).max()) if numbers else 0.0,
            target_std=float(y.std(axis=0).max()) if numbers else 1.0,
            whole_targets=len(np.unique(y)) if numbers and y.shape[1] == 1 and bool((y == np.round(y)).all()) else 0,
        )


def far(values: NDArray[Any]) -> Mask:
    """Return which values (N, I) are outliers of their column: few, and far from its median."""
    low, middle, high = np.percentile(values, [25, 50, 75], axis=0)
    width = high - low
    mask = (np.abs(values - middle) > OUTLIER_IQRS * width) & (width > 0)
    few = (mask.mean(axis=0) > 0) & (mask.mean(axis=0) <= MAX_OUTLIERS)
    return np.asarray(mask & few)


def without_outliers(dataset: Dataset) -> Dataset:
    """Return a dataset whose outliers are replaced by the medians of their columns."""
    x = dataset.x
    if dataset.columns is None:  # else they are codes of categories, or missing
        x = np.where(far(x), np.median(x, axis=0), x)
    y = dataset.y
    if dataset.classes is None:
        y = np.where(far(y), np.median(y, axis=0), y)
    return replace(dataset, x=x, y=y)


def _duplicated(x: NDArray[Any], names: tuple[str, ...], varies: Mask) -> tuple[tuple[str, str], ...]:
    seen: dict[bytes, str] = {}
    found = []
    for column, name, does in zip(x.T, names, varies, strict=True):
        if does:
            first = seen.setdefault(np.ascontiguousarray(column).tobytes(), name)
            if first != name:
                found.append((first, name))
    return tuple(found)


def _leaks(x: NDArray[Any], y: NDArray[Any], names: tuple[str, ...], numbers: bool) -> tuple[str, ...]:
    """Return the features that are the target itself, or a one-to-one code of its classes."""
    found = []
    for column, name in zip(x.T, names, strict=True):
        if len(y) < MIN_REPEATS * 4 or np.ptp(column) == 0:
            continue
        if numbers:
            leak = any(abs(np.corrcoef(column, target)[0, 1]) > 1 - 1e-9 for target in y.T if np.ptp(target) > 0)
            leak = leak and x.shape[1] > 1
        else:
            values = np.unique(column)
            classes = len(np.unique(y))
            leak = values.size == classes and x.shape[1] > 1 and len(np.unique(np.c_[column, y], axis=0)) == classes
        if leak:
            found.append(name)
    return tuple(found)


def _codes(x: NDArray[Any], names: tuple[str, ...], outliers: Mask) -> dict[str, float]:
    found = {}
    for column, name, mask in zip(x.T, names, outliers.T, strict=True):
        values, counts = np.unique(column[mask], return_counts=True)
        if values.size == 1 and counts[0] >= MIN_REPEATS:
            found[name] = float(values[0])
    return found


def neighbor_score(x: NDArray[Any], y: NDArray[Any], classes: int | None) -> float:
    """Return the leave-one-out score of the nearest neighbors (0: no better than a constant).

    Source: Cover and Hart, Nearest neighbor pattern classification, 1967.
    """
    x, y = x[:MAX_NEIGHBOR_ROWS], y[:MAX_NEIGHBOR_ROWS]
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    square = np.square(x).sum(axis=1)
    distance = square[:, None] - 2 * x @ x.T + square
    np.fill_diagonal(distance, np.inf)
    count = max(MIN_NEIGHBORS, isqrt(len(x)) // 2)
    near = np.argpartition(distance, count, axis=1)[:, :count]
    if classes is None:
        error = np.square(y[near].mean(axis=1) - y).sum()
        return float(1 - error / max(np.square(y - y.mean(axis=0)).sum(), 1e-300))
    votes = np.stack([(y[near] == c).sum(axis=1) for c in range(classes)], axis=1)
    wrong = float((votes.argmax(axis=1) != y).mean())
    return 1 - wrong / max(1 - float((np.bincount(y) / len(y)).max()), 1e-12)
