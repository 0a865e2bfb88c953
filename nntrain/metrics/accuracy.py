"""Accuracy, and the accuracy of which each class has an equal part."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, Weights


def accuracy(y: NDArray[np.int64], predicted: NDArray[np.int64], weights: Weights = None) -> Any:
    """Return the fraction of samples whose class index (N,) was predicted; for predictions (E, N), one per row.

    With the samples' ``weights`` (N), it is their fraction of the total weight. With several labels, (N, L) and
    (E, N, L), a sample counts if all its labels were predicted.

    Source: sklearn.metrics.accuracy_score.
    """
    right = y == predicted if y.ndim == 1 else (y == predicted).all(axis=-1)
    return np.average(right, axis=-1, weights=weights).tolist()


class Accuracy(Metric):
    """The fraction of samples whose class is predicted; with several labels, whose labels are all predicted.

    Formula:
        accuracy = Σ [predicted = true] / N

    Source: sklearn.metrics.accuracy_score.
    """

    name: Literal["accuracy"] = "accuracy"
    task: ClassVar[Task] = "classification"
    label: ClassVar[str] = "accuracy"
    greater_is_better: ClassVar[bool] = True
    shown: ClassVar[bool] = True
    several: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return the fraction."""
        return float(accuracy(rows.y, rows.predicted, rows.weights))


class BalancedAccuracy(Metric):
    """The mean recall of the classes that occur, so that a rare class counts as much as a frequent one.

    Formula:
        balanced_accuracy = 1/C Σ_c (samples of class c that are predicted as c) / (samples of class c)

    It is not measured for several labels.

    Source: sklearn.metrics.balanced_accuracy_score.
    """

    name: Literal["balanced_accuracy"] = "balanced_accuracy"
    task: ClassVar[Task] = "classification"
    label: ClassVar[str] = "balanced accuracy"
    greater_is_better: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return the mean recall."""
        confusion = rows.weighted_confusion
        counts = confusion.sum(axis=1)
        there = counts > 0
        return float(np.mean(np.diag(confusion)[there] / counts[there]))


class HammingLoss(Metric):
    """The fraction of labels that are predicted wrongly; of a single label, 1 - accuracy.

    Formula:
        hamming_loss = Σ [predicted ≠ true] / (N L)

    Source: sklearn.metrics.hamming_loss.
    """

    name: Literal["hamming_loss"] = "hamming_loss"
    task: ClassVar[Task] = "classification"
    label: ClassVar[str] = "Hamming loss"
    greater_is_better: ClassVar[bool] = False
    several: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return the fraction."""
        wrong = np.not_equal(rows.y, rows.predicted)
        return float(np.average(wrong, axis=0, weights=rows.weights).mean())
