"""R², the coefficient of determination."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, UndefinedMetricError, Weights


def r2(y: NDArray[Any], predicted: NDArray[Any], weights: Weights = None) -> float | None:
    """Return the coefficient of determination of ``predicted`` (N, T), averaged over the targets.

    The mean is weighted too; without the samples' ``weights`` (N), all w are 1. It is None for fewer than two samples,
    and on overflow. See :class:`R2`.
    """
    if len(y) < 2:
        return None
    y, predicted = y.astype(np.float64), predicted.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        each = 1.0 if weights is None else weights[:, None]
        residual = (each * np.square(y - predicted)).sum(axis=0)
        total = (each * np.square(y - np.average(y, axis=0, weights=weights))).sum(axis=0)
        constant = np.where(residual == 0, 1.0, 0.0)
        value = float(np.mean(np.where(total == 0, constant, 1 - residual / np.where(total == 0, 1, total))))
    return value if np.isfinite(value) else None


class R2(Metric):
    """R², the coefficient of determination, averaged over the targets.

    Formula:
        R² = 1 - Σ w (o - o*)² / Σ w (o* - mean o*)²

    The w are the rows' weights, 1 by default. 1 is perfect, 0 as good as always predicting the mean; there is no lower
    bound. For a constant target it is 1 if predicted exactly, else 0. It is undefined for fewer than two samples.

    Source: sklearn.metrics.r2_score.
    """

    name: Literal["r2"] = "r2"
    task: ClassVar[Task] = "regression"
    label: ClassVar[str] = "R²"
    greater_is_better: ClassVar[bool] = True
    shown: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return R²."""
        if len(rows.y) < 2:
            raise UndefinedMetricError("it needs at least two samples")
        found = r2(rows.y, rows.predicted, rows.weights)
        return np.nan if found is None else found
