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
    several: ClassVar[bool] = True


class LogLoss(_Probability):
    """The mean negative logarithm of the true class's probability.

    Formula:
        log_loss = -1/N Σ log p_true, with p between 2.2e-16 and 1 - 2.2e-16

    Of several labels, it is the mean over the labels, each with the classes no and yes.

    Source: sklearn.metrics.log_loss, of each label.
    """

    name: Literal["log_loss"] = "log_loss"
    label: ClassVar[str] = "log loss"

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        p, least = rows.given_probabilities, float(np.finfo(np.float64).eps)
        true = np.where(rows.y, p, 1 - p) if rows.several else p[np.arange(len(p)), rows.y]
        return _mean(-np.log(np.clip(true, least, 1 - least)), rows)


class Brier(_Probability):
    """The mean squared distance of the probabilities from 1 for the true class and 0 for the others.

    Formula:
        brier = 1/N Σ_i Σ_c (p_ic - [c is true])², half of it for two classes

    For two classes it is the mean squared error of the second class's probability; of several labels, the mean over the
    labels of that of yes.

    Source: sklearn.metrics.brier_score_loss, of each label.
    """

    name: Literal["brier"] = "brier"
    label: ClassVar[str] = "Brier"

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        p = rows.given_probabilities
        if rows.several:
            return _mean(np.square(p - rows.y), rows)
        distance = np.square(p).sum(axis=1) - 2 * p[np.arange(len(p)), rows.y] + 1
        return _mean(distance, rows) / (2 if rows.n_classes == 2 else 1)


def _mean(values: NDArray[np.float64], rows: Predicted) -> float:
    """Return the mean of the samples' values, (N,) or (N, L), by their weights."""
    return float(np.average(values, axis=0, weights=rows.weights).mean())


class Bin(NamedTuple):
    """The samples whose largest probability is above ``low`` and at most ``high``."""

    low: float
    high: float
    rows: int
    confidence: float  # mean of the largest probabilities
    accuracy: float  # fraction of the samples whose most probable class is right
    weight: float  # of the samples, as a fraction of that of all


def calibration(rows: Predicted, bins: int = BINS) -> list[Bin]:
    """Return the bins of equal width that have samples.

    Raises:
        UndefinedMetricError: if there are no probabilities.
    """
    p = rows.given_probabilities
    confidence, right = p.max(axis=1), p.argmax(axis=1) == rows.y
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    each = np.ones(len(p)) if rows.weights is None else rows.weights
    counts, weights = np.bincount(index, minlength=bins), np.bincount(index, each, bins)
    sums = np.bincount(index, each * confidence, bins), np.bincount(index, each * right, bins)
    found = []
    for k in np.flatnonzero(weights):
        confident, accurate = (float(total[k] / weights[k]) for total in sums)
        part = float(weights[k] / each.sum())
        found.append(Bin(float(edges[k]), float(edges[k + 1]), int(counts[k]), confident, accurate, part))
    return found


class CalibrationError(_Probability):
    """Expected calibration error: how far the largest probability is from the fraction of right predictions.

    Formula:
        calibration_error = Σ_b (samples in b) / N · |accuracy in b - mean largest probability in b|

    The sum is over 15 bins b of equal width, by the largest probability of a sample. It is not measured for several
    labels.

    Source: Guo et al., arXiv 1706.04599; torchmetrics.CalibrationError with norm="l1".
    """

    name: Literal["calibration_error"] = "calibration_error"
    label: ClassVar[str] = "calibration error"
    several: ClassVar[bool] = False

    def value(self, rows: Predicted) -> float:
        """Return the weighted mean distance."""
        return sum(one.weight * abs(one.accuracy - one.confidence) for one in calibration(rows))
