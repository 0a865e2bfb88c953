"""Errors of predicted numbers, in the targets' own units, averaged over the targets."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, UndefinedMetricError, Weights

Numbers = NDArray[np.float64]


class _Error(Metric):
    """An error of numbers."""

    task: ClassVar[Task] = "regression"
    greater_is_better: ClassVar[bool] = False

    def value(self, rows: Predicted) -> float:
        """Return the mean over the targets."""
        return float(np.mean(self.of_targets(np.abs(rows.y - rows.predicted), rows.y, rows.weights)))

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the metric of each target (T) from the absolute errors (N, T) and the true numbers (N, T).

        ``weights`` are those of the samples (N); None: all weigh the same.
        """
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

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the mean of each target."""
        return np.asarray(np.average(error, axis=0, weights=weights))


class RootMeanSquaredError(_Error):
    """Root of the mean squared error; of several targets, the mean of their roots.

    Formula:
        rmse = √(1/N Σ (o - o*)²)

    Source: sklearn.metrics.root_mean_squared_error.
    """

    name: Literal["rmse"] = "rmse"
    label: ClassVar[str] = "RMSE"
    shown: ClassVar[bool] = True

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the root of each target."""
        return np.asarray(np.sqrt(np.average(np.square(error), axis=0, weights=weights)))


class MeanSquaredError(_Error):
    """Mean squared error.

    Formula:
        mse = 1/N Σ (o - o*)²

    Source: sklearn.metrics.mean_squared_error.
    """

    name: Literal["mse"] = "mse"
    label: ClassVar[str] = "MSE"

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the mean of each target."""
        return np.asarray(np.average(np.square(error), axis=0, weights=weights))


class MeanAbsolutePercentageError(_Error):
    """Mean absolute error relative to the target, as a fraction: 0.1 is 10 %.

    Formula:
        mape = 1/N Σ |o - o*| / |o*|

    It is undefined if a target is 0, where scikit-learn returns an arbitrary large number.

    Source: sklearn.metrics.mean_absolute_percentage_error.
    """

    name: Literal["mape"] = "mape"
    label: ClassVar[str] = "MAPE"

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the mean of each target."""
        if not y.all():
            raise UndefinedMetricError("a target is 0")
        return np.asarray(np.average(error / np.abs(y), axis=0, weights=weights))


class MedianAbsoluteError(_Error):
    """Median of the absolute errors, which outliers hardly change.

    Formula:
        median_absolute_error = median |o - o*|

    Source: sklearn.metrics.median_absolute_error.
    """

    name: Literal["median_absolute_error"] = "median_absolute_error"
    label: ClassVar[str] = "median error"

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the median of each target."""
        if weights is None:
            return np.asarray(np.median(error, axis=0))
        return np.array([weighted_median(column, weights) for column in error.T])


def weighted_median(x: Numbers, weights: Numbers) -> float:
    """Return the smallest number of ``x`` (N,) up to which more than half the weight lies.

    Where exactly half the weight lies up to a number, it is the mean of that number and the next one.

    Source: sklearn.metrics.median_absolute_error, which averages so too.
    """
    order = np.argsort(x, kind="stable")
    total = np.cumsum(weights[order])
    place = int(np.searchsorted(total, total[-1] / 2))
    above = total[place] - total[-1] / 2 > np.finfo(np.float64).eps
    following = place if above else min(place + 1, len(x) - 1)
    return float((x[order[place]] + x[order[following]]) / 2)


class MaxError(_Error):
    """The largest absolute error; of several targets, the largest of any.

    Formula:
        max_error = max |o - o*|

    Source: sklearn.metrics.max_error, which takes one target only.
    """

    name: Literal["max_error"] = "max_error"
    label: ClassVar[str] = "max error"

    def of_targets(self, error: Numbers, y: Numbers, weights: Weights) -> Numbers:
        """Return the largest error."""
        return np.asarray(error.max())
