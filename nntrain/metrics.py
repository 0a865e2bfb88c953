"""Accuracy and R², equal to scikit-learn's (tests compare them), whose import would take 0.8 s."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64] | None


def accuracy(y: NDArray[np.int64], predicted: NDArray[np.int64], weights: Weights = None) -> Any:
    """Return the fraction of samples whose class index (N,) was predicted; for predictions (E, N), one per row.

    With the samples' ``weights`` (N), it is their fraction of the total weight. With several labels, (N, L) and
    (E, N, L), a sample counts if all its labels were predicted.

    Source: sklearn.metrics.accuracy_score.
    """
    right = y == predicted if y.ndim == 1 else (y == predicted).all(axis=-1)
    return np.average(right, axis=-1, weights=weights).tolist()


def r2(y: NDArray[Any], predicted: NDArray[Any], weights: Weights = None) -> float | None:
    """Return the coefficient of determination of ``predicted`` (N, T), averaged over the targets.

    Formula:
        R² = 1 - Σ w (o - o*)² / Σ w (o* - mean o*)²

    The mean is weighted too; without the samples' ``weights`` (N), all w are 1.

    1 is perfect, 0 as good as always predicting the mean; there is no lower bound. For a constant target it is 1 if
    predicted exactly, else 0. It is None for fewer than two samples, and on overflow.

    Source: sklearn.metrics.r2_score.
    """
    if len(y) < 2:
        return None
    y, predicted = y.astype(np.float64), predicted.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        each = 1.0 if weights is None else weights[:, None]
        missed = (each * np.square(y - predicted)).sum(axis=0)
        spread = (each * np.square(y - np.average(y, axis=0, weights=weights))).sum(axis=0)
        constant = np.where(missed == 0, 1.0, 0.0)
        value = float(np.mean(np.where(spread == 0, constant, 1 - missed / np.where(spread == 0, 1, spread))))
    return value if np.isfinite(value) else None
