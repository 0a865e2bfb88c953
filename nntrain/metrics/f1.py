"""Precision, recall and F1: means over the classes or labels."""

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task

Numbers = NDArray[np.float64]
Of = Literal["precision", "recall", "f1"]
Average = Literal["macro", "weighted", "micro", "samples"]


class OfClasses(NamedTuple):
    """Precision, recall and F1 of each class (C), NaN where one is 0/0, and its samples, or their weight."""

    precision: Numbers
    recall: Numbers
    f1: Numbers
    rows: NDArray[Any]


def of_classes(confusion: NDArray[Any]) -> OfClasses:
    """Return precision, recall and F1 of each class, from the confusion matrix (C, C).

    Source: sklearn.metrics.precision_recall_fscore_support with ``zero_division=nan``.
    """
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return OfClasses(ratio(right, predicted), ratio(right, true), ratio(2 * right, true + predicted), true)


def ratio(over: NDArray[Any], under: NDArray[Any]) -> Numbers:
    """Return the quotients; NaN where the divisor is 0."""
    over, under = np.asarray(over, np.float64), np.asarray(under, np.float64)
    return np.asarray(np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0))


class Counts(NamedTuple):
    """The samples, or their weight, of each class or label: found rightly, true, and predicted."""

    right: Numbers
    true: Numbers
    predicted: Numbers

    def ratio(self, of: Of) -> Numbers:
        """Return precision, recall or F1; 0/0 counts as 0, as in scikit-learn."""
        over, under = {
            "precision": (self.right, self.predicted),
            "recall": (self.right, self.true),
            "f1": (2 * self.right, self.true + self.predicted),
        }[of]
        return np.nan_to_num(ratio(over, under))


def counts(rows: Predicted) -> Counts:
    """Return the counts of each class that occurs or is predicted, or of each label."""
    if not rows.several:
        confusion = rows.weighted_confusion
        found = Counts(np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
        there = found.true + found.predicted > 0
        return Counts(*(values[there] for values in found))
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    return Counts(*(weights @ values for values in (rows.y * rows.predicted, rows.y, rows.predicted)))


class Averaged(Metric):
    """A mean of precision, recall or F1."""

    task: ClassVar[Task] = "classification"
    greater_is_better: ClassVar[bool] = True
    several: ClassVar[bool] = True
    of: ClassVar[Of]
    average: ClassVar[Average] = "macro"

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        if self.average == "samples":
            return self.of_samples(rows)
        found = counts(rows)
        if self.average == "micro":
            return float(Counts(*(values.sum(keepdims=True) for values in found)).ratio(self.of)[0])
        weights = found.true if self.average == "weighted" and found.true.any() else None
        return float(np.average(found.ratio(self.of), weights=weights))

    def of_samples(self, rows: Predicted) -> float:
        """Return the mean over the samples of the metric of a sample's labels; of a single label, the accuracy."""
        if not rows.several:
            return float(np.average(rows.y == rows.predicted, weights=rows.weights))
        found = Counts(*(values.sum(axis=1) for values in (rows.y * rows.predicted, rows.y, rows.predicted)))
        return float(np.average(found.ratio(self.of), weights=rows.weights))


class Precision(Averaged):
    """The mean over the classes of: how many of the samples predicted as a class belong to it.

    Formula:
        precision_c = (samples of class c predicted as c) / (samples predicted as c)
        precision   = 1/C Σ_c precision_c, over the classes that occur or are predicted; 0/0 counts as 0

    Of several labels, it is the mean over the labels, each as the class yes.

    Source: sklearn.metrics.precision_score with average="macro".
    """

    name: Literal["precision"] = "precision"
    label: ClassVar[str] = "precision"
    of: ClassVar[Of] = "precision"


class PrecisionWeighted(Averaged):
    """The precision of each class or label, weighted by how often it occurs.

    Formula:
        precision_weighted = Σ_c (samples of class c) precision_c / N

    Source: sklearn.metrics.precision_score with average="weighted".
    """

    name: Literal["precision_weighted"] = "precision_weighted"
    label: ClassVar[str] = "weighted precision"
    of: ClassVar[Of] = "precision"
    average: ClassVar[Average] = "weighted"


class Recall(Averaged):
    """The mean over the classes of: how many of the samples of a class are predicted as it.

    Formula:
        recall_c = (samples of class c predicted as c) / (samples of class c)
        recall   = 1/C Σ_c recall_c, over the classes that occur or are predicted; 0/0 counts as 0

    Of several labels, it is the mean over the labels, each as the class yes.

    Source: sklearn.metrics.recall_score with average="macro".
    """

    name: Literal["recall"] = "recall"
    label: ClassVar[str] = "recall"
    of: ClassVar[Of] = "recall"


class RecallWeighted(Averaged):
    """The recall of each class or label, weighted by how often it occurs; of a single label, the accuracy.

    Formula:
        recall_weighted = Σ_c (samples of class c) recall_c / N

    Source: sklearn.metrics.recall_score with average="weighted".
    """

    name: Literal["recall_weighted"] = "recall_weighted"
    label: ClassVar[str] = "weighted recall"
    of: ClassVar[Of] = "recall"
    average: ClassVar[Average] = "weighted"


class F1(Averaged):
    """The mean over the classes of F1, the harmonic mean of precision and recall.

    Formula:
        f1_c = 2 precision_c recall_c / (precision_c + recall_c)
        f1   = 1/C Σ_c f1_c, over the classes that occur or are predicted; 0/0 counts as 0

    Of several labels, it is the mean over the labels, each as the class yes.

    Source: sklearn.metrics.f1_score with average="macro".
    """

    name: Literal["f1"] = "f1"
    label: ClassVar[str] = "F1"
    of: ClassVar[Of] = "f1"
    shown: ClassVar[bool] = True


class F1Weighted(Averaged):
    """The F1 of each class or label, weighted by how often it occurs.

    Formula:
        f1_weighted = Σ_c (samples of class c) f1_c / N

    Source: sklearn.metrics.f1_score with average="weighted".
    """

    name: Literal["f1_weighted"] = "f1_weighted"
    label: ClassVar[str] = "weighted F1"
    of: ClassVar[Of] = "f1"
    average: ClassVar[Average] = "weighted"
