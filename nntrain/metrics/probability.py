"""Metrics of the probabilities themselves: log loss, Brier score and expected calibration error."""

from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task

BINS = 15  # of equal width, as in Guo et al.


class _Probability(Metric):
    """A metric of probabilities, of which less is better."""

    task: ClassVar[Task] = "classification"
    greater_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True


class LogLoss(_Probability):
    """The mean negative logarithm of the true class's probability.

    Formula:
        log_loss = -1/N Σ log p_true, with p between 2.2e-16 and 1 - 2.2e-16

    Source: sklearn.metrics.log_loss.
    """

    name: Literal["log_loss"] = "log_loss"
    label: ClassVar[str] = "log loss"

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        p, least = rows.given_probabilities, float(np.finfo(np.float64).eps)
        return float(-np.log(np.clip(p[np.arange(len(p)), rows.y], least, 1 - least)).mean())


class Brier(_Probability):
    """The mean squared distance of the probabilities from 1 for the true class and 0 for the others.

    Formula:
        brier = 1/N Σ_i Σ_c (p_ic - [c is true])², half of it for two classes

    For two classes it is the mean squared error of the second class's probability.

    Source: sklearn.metrics.brier_score_loss.
    """

    name: Literal["brier"] = "brier"
    label: ClassVar[str] = "Brier"

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        p = rows.given_probabilities
        distance = np.square(p).sum(axis=1) - 2 * p[np.arange(len(p)), rows.y] + 1
        return float(distance.mean() / (2 if rows.n_classes == 2 else 1))


class Bin(NamedTuple):
    """The samples whose largest probability is above ``low`` and at most ``high``."""

    low: float
    high: float
    rows: int
    confidence: float  # mean of the largest probabilities
    accuracy: float  # fraction of the samples whose most probable class is right


def calibration(rows: Predicted, bins: int = BINS) -> list[Bin]:
    """Return the bins of equal width that have samples.

    Raises:
        UndefinedMetricError: if there are no probabilities.
    """
    p = rows.given_probabilities
    confidence, right = p.max(axis=1), p.argmax(axis=1) == rows.y
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    sums = np.bincount(index, confidence, bins), np.bincount(index, right, bins)
    found = [k for k in range(bins) if counts[k]]
    means: list[NDArray[np.float64]] = [total / np.maximum(counts, 1) for total in sums]
    return [
        Bin(float(edges[k]), float(edges[k + 1]), int(counts[k]), float(means[0][k]), float(means[1][k])) for k in found
    ]


class CalibrationError(_Probability):
    """Expected calibration error: how far the largest probability is from the fraction of right predictions.

    Formula:
        calibration_error = Σ_b (samples in b) / N · |accuracy in b - mean largest probability in b|

    The sum is over 15 bins b of equal width, by the largest probability of a sample.

    Source: Guo et al., arXiv 1706.04599; torchmetrics.CalibrationError with norm="l1".
    """

    name: Literal["calibration_error"] = "calibration_error"
    label: ClassVar[str] = "calibration error"

    def value(self, rows: Predicted) -> float:
        """Return the weighted mean distance."""
        found = calibration(rows)
        return sum(one.rows * abs(one.accuracy - one.confidence) for one in found) / len(rows.y)
