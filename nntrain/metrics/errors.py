"""Errors of predicted numbers, in the targets' own units, averaged over the targets."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, UndefinedMetricError


class _Error(Metric):
    """An error of numbers."""

    task: ClassVar[Task] = "regression"
    greater_is_better: ClassVar[bool] = False

    def value(self, rows: Predicted) -> float:
        """Return the mean over the targets."""
        return float(np.mean(self.of_targets(np.abs(rows.y - rows.predicted), rows.y)))

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the metric of each target (T) from the absolute errors (N, T) and the true numbers (N, T)."""
        raise NotImplementedError


class MeanAbsoluteError(_Error):
    """Mean absolute error.

    Formula:
        mae = 1/N Σ |o - o*|

    Source: sklearn.metrics.mean_absolute_error.
    """

    name: Literal["mae"] = "mae"
    label: ClassVar[str] = "MAE"
    shown: ClassVar[bool] = True

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each target."""
        return np.asarray(error.mean(axis=0))


class RootMeanSquaredError(_Error):
    """Root of the mean squared error; of several targets, the mean of their roots.

    Formula:
        rmse = √(1/N Σ (o - o*)²)

    Source: sklearn.metrics.root_mean_squared_error.
    """

    name: Literal["rmse"] = "rmse"
    label: ClassVar[str] = "RMSE"
    shown: ClassVar[bool] = True

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the root of each target."""
        return np.asarray(np.sqrt(np.square(error).mean(axis=0)))


class MeanSquaredError(_Error):
    """Mean squared error.

    Formula:
        mse = 1/N Σ (o - o*)²

    Source: sklearn.metrics.mean_squared_error.
    """

    name: Literal["mse"] = "mse"
    label: ClassVar[str] = "MSE"

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each target."""
        return np.asarray(np.square(error).mean(axis=0))


class MeanAbsolutePercentageError(_Error):
    """Mean absolute error relative to the target, as a fraction: 0.1 is 10 %.

    Formula:
        mape = 1/N Σ |o - o*| / |o*|

    It is undefined if a target is 0, where scikit-learn returns an arbitrary large number.

    Source: sklearn.metrics.mean_absolute_percentage_error.
    """

    name: Literal["mape"] = "mape"
    label: ClassVar[str] = "MAPE"

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each target."""
        if not y.all():
            raise UndefinedMetricError("a target is 0")
        return np.asarray((error / np.abs(y)).mean(axis=0))


class MedianAbsoluteError(_Error):
    """Median of the absolute errors, which outliers hardly change.

    Formula:
        median_absolute_error = median |o - o*|

    Source: sklearn.metrics.median_absolute_error.
    """

    name: Literal["median_absolute_error"] = "median_absolute_error"
    label: ClassVar[str] = "median error"

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the median of each target."""
        return np.asarray(np.median(error, axis=0))


class MaxError(_Error):
    """The largest absolute error; of several targets, the largest of any.

    Formula:
        max_error = max |o - o*|

    Source: sklearn.metrics.max_error, which takes one target only.
    """

    name: Literal["max_error"] = "max_error"
    label: ClassVar[str] = "max error"

    def of_targets(self, error: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the largest error."""
        return np.asarray(error.max())
