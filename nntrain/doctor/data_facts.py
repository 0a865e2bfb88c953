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
CODE_RANGES = 3.0  # distance of such a value from all others, in their range
MAX_CODED = 0.6  # fraction of a column that may be missing
MIN_NEIGHBORS = 5  # at least; else the root of the number of rows
MAX_NEIGHBOR_ROWS = 2000
FEW = 64  # rows that rule out most features as codes of classes

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


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
        class_fractions: of each class; empty for regression and several labels.
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
            leaks=leaks(x, y, names, numbers),
            outliers=outliers,
            target_outliers=np.asarray(far(y).any(axis=1)) if numbers else np.zeros(len(x), np.bool_),
            codes=_codes(x, names),
            class_fractions=() if not dataset.single_label else tuple((np.bincount(y) / len(y)).tolist()),
            target_mean=float(np.abs(y.mean(axis=0)).max()) if numbers else 0.0,
            target_std=float(y.std(axis=0).max()) if numbers else 1.0,
            whole_targets=len(np.unique(y)) if numbers and y.shape[1] == 1 and bool((y == np.round(y)).all()) else 0,
        )


def far(values: NDArray[Any], known: Indices | None = None) -> Mask:
    """Return which values (N, I) are outliers of their column: few, and far from the median of its ``known`` rows."""
    measured = values if known is None else values[known]
    quantiles = np.nanpercentile if np.isnan(measured).any() else np.percentile  # the former is far slower
    low, middle, high = quantiles(measured, [25, 50, 75], axis=0)
    width = high - low
    mask = (np.abs(values - middle) > OUTLIER_IQRS * width) & (width > 0)
    few = (mask.mean(axis=0) > 0) & (mask.mean(axis=0) <= MAX_OUTLIERS)
    return np.asarray(mask & few)


def without_outliers(dataset: Dataset, train: Indices) -> Dataset:
    """Return a dataset whose outliers are replaced by the medians of their columns in the training split."""
    numeric = np.array([column.role.name == "numeric" for column in dataset.columns or ()] or [True])  # no categories
    x, y = dataset.x, dataset.y
    x = np.where(far(x, train) & numeric, np.nanmedian(x[train], axis=0), x)
    if dataset.classes is None:
        y = np.where(far(y, train), np.median(y[train], axis=0), y)
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


def leaks(x: NDArray[Any], y: NDArray[Any], names: tuple[str, ...], numbers: bool) -> tuple[str, ...]:
    """Return the features that are a target itself, or a one-to-one code of its classes."""
    if len(y) < MIN_REPEATS * 4 or x.shape[1] < 2:
        return ()
    targets = [target for target in y.reshape(len(y), -1).T if np.ptp(target) > 0]
    same = _proportional if numbers else _codes_classes
    varying = ((column, name) for column, name in zip(x.T, names, strict=True) if np.ptp(column) > 0)
    return tuple(name for column, name in varying if any(same(column, target) for target in targets))


def _proportional(column: NDArray[Any], target: NDArray[Any]) -> bool:
    return bool(abs(np.corrcoef(column, target)[0, 1]) > 1 - 1e-9)


def _codes_classes(column: NDArray[Any], target: NDArray[Any]) -> bool:
    """Return whether each value stands for one class, and each class for one value."""
    classes = np.unique(target).size
    if np.unique(column[:FEW]).size > classes:  # saves time
        return False
    return bool(np.unique(column).size == classes and len(np.unique(np.c_[column, target], axis=0)) == classes)


def _codes(x: NDArray[Any], names: tuple[str, ...]) -> dict[str, float]:
    """Return the smallest or largest value of each column, if it repeats and lies far from all others."""
    found = {}
    for column, name in zip(x.T, names, strict=True):
        for value in (column.min(), column.max()):
            others = column[column != value]
            count = len(column) - len(others)
            if count < MIN_REPEATS or count > MAX_CODED * len(column) or np.unique(others).size < MIN_REPEATS:
                continue
            low, high = others.min(), others.max()
            apart = low - value if value < low else value - high
            if apart > CODE_RANGES * (high - low) and value == np.round(value):
                found[name] = float(value)
    return found


def nearest(x: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Return the indices (N, count) of the nearest rows to each row of ``x`` (N, I), once features are standardized."""
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    square = np.square(x).sum(axis=1)
    distance = square[:, None] - 2 * x @ x.T + square
    np.fill_diagonal(distance, np.inf)
    return np.asarray(np.argpartition(distance, count, axis=1)[:, :count])


def neighbor_scores(x: NDArray[Any], y: NDArray[Any], classes: int | None) -> tuple[float, float]:
    """Return the leave-one-out score of the nearest neighbors (0: no better than a constant), and a correlation.

    The correlation is that of the targets with the mean target of the neighbors; for classes, the largest one of a
    class and its fraction among the neighbors. A rare class is never voted for, but it has a correlation. ``classes``
    is None for numbers and for several labels.

    Source: Cover and Hart, Nearest neighbor pattern classification, 1967.
    """
    x, y = x[:MAX_NEIGHBOR_ROWS], y[:MAX_NEIGHBOR_ROWS]
    near = nearest(x, min(max(MIN_NEIGHBORS, isqrt(len(x)) // 2), len(x) - 1))
    targets = y.astype(np.float64) if classes is None else np.eye(classes)[y]
    means = targets[near].mean(axis=1)
    if classes is None:
        error = np.square(means - y).sum() / max(np.square(y - y.mean(axis=0)).sum(), 1e-300)
    else:
        error = float((means.argmax(axis=1) != y).mean()) / max(1 - float((np.bincount(y) / len(y)).max()), 1e-12)
    a, b = means - means.mean(axis=0), targets - targets.mean(axis=0)
    sizes = np.sqrt(np.square(a).sum(axis=0) * np.square(b).sum(axis=0))
    alike = (a * b).sum(axis=0) / np.where(sizes > 0, sizes, 1)
    return float(1 - error), float(alike.max())
