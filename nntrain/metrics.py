"""Metrics: what people read beside the loss. Equal to scikit-learn's, which takes 0.8 s to import (tests hold it)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def accuracy(y: NDArray[np.int64], predicted: NDArray[np.int64]) -> Any:
    """Return the share of rows whose class index (N,) was predicted; of predictions (E, N) the share in each.

    Source: sklearn.metrics.accuracy_score.
    """
    return np.mean(y == predicted, axis=-1).tolist()


def r2(y: NDArray[Any], predicted: NDArray[Any]) -> float | None:
    """Return the coefficient of determination of ``predicted`` (N, T), averaged over the targets.

    Formula:
        R² = 1 - Σ (o - o*)² / Σ (o* - mean o*)²

    1 is perfect, 0 as good as always saying the mean, and there is no lower end. For a target that is constant it is 1
    if predicted exactly and else 0. It is None for fewer than two rows, and where numbers are too large for it.

    Source: sklearn.metrics.r2_score.
    """
    if len(y) < 2:
        return None
    y, predicted = y.astype(np.float64), predicted.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        missed = np.square(y - predicted).sum(axis=0)
        spread = np.square(y - y.mean(axis=0)).sum(axis=0)
        constant = np.where(missed == 0, 1.0, 0.0)
        value = float(np.mean(np.where(spread == 0, constant, 1 - missed / np.where(spread == 0, 1, spread))))
    return value if np.isfinite(value) else None
