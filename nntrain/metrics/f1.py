"""Precision, recall and F1, averaged over the classes."""

from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task

Numbers = NDArray[np.float64]


class OfClasses(NamedTuple):
    """Precision, recall and F1 of each class (C), NaN where one is 0/0, and the samples of each class."""

    precision: Numbers
    recall: Numbers
    f1: Numbers
    rows: NDArray[np.int64]


def of_classes(confusion: NDArray[np.int64]) -> OfClasses:
    """Return precision, recall and F1 of each class, from the confusion matrix (C, C).

    Source: sklearn.metrics.precision_recall_fscore_support with ``zero_division=nan``.
    """
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)

    def ratio(over: NDArray[np.int64], under: NDArray[np.int64]) -> Numbers:
        return np.where(under > 0, over / np.maximum(under, 1), np.nan)

    return OfClasses(ratio(right, predicted), ratio(right, true), ratio(2 * right, true + predicted), true)


class _OfClasses(Metric):
    """A mean over the classes that occur or are predicted; 0/0 counts as 0, as in scikit-learn."""

    task: ClassVar[Task] = "classification"
    greater_is_better: ClassVar[bool] = True
    of: ClassVar[Literal["precision", "recall", "f1"]]
    weighted: ClassVar[bool] = False

    def value(self, rows: Predicted) -> float:
        """Return the mean."""
        found = of_classes(rows.confusion)
        values = np.nan_to_num(getattr(found, self.of))
        there = rows.confusion.sum(axis=0) + found.rows > 0
        return float(np.average(values[there], weights=found.rows[there] if self.weighted else None))


class Precision(_OfClasses):
    """The mean over the classes of: how many of the samples predicted as a class belong to it.

    Formula:
        precision_c = (samples of class c predicted as c) / (samples predicted as c)
        precision   = 1/C Σ_c precision_c, over the classes that occur or are predicted; 0/0 counts as 0

    Source: sklearn.metrics.precision_score with average="macro".
    """

    name: Literal["precision"] = "precision"
    label: ClassVar[str] = "precision"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "precision"


class PrecisionWeighted(_OfClasses):
    """The precision of each class, weighted by how often the class occurs.

    Formula:
        precision_weighted = Σ_c (samples of class c) precision_c / N

    Source: sklearn.metrics.precision_score with average="weighted".
    """

    name: Literal["precision_weighted"] = "precision_weighted"
    label: ClassVar[str] = "weighted precision"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "precision"
    weighted: ClassVar[bool] = True


class Recall(_OfClasses):
    """The mean over the classes of: how many of the samples of a class are predicted as it.

    Formula:
        recall_c = (samples of class c predicted as c) / (samples of class c)
        recall   = 1/C Σ_c recall_c, over the classes that occur or are predicted; 0/0 counts as 0

    Source: sklearn.metrics.recall_score with average="macro".
    """

    name: Literal["recall"] = "recall"
    label: ClassVar[str] = "recall"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "recall"


class RecallWeighted(_OfClasses):
    """The recall of each class, weighted by how often the class occurs. It equals the accuracy.

    Formula:
        recall_weighted = Σ_c (samples of class c) recall_c / N

    Source: sklearn.metrics.recall_score with average="weighted".
    """

    name: Literal["recall_weighted"] = "recall_weighted"
    label: ClassVar[str] = "weighted recall"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "recall"
    weighted: ClassVar[bool] = True


class F1(_OfClasses):
    """The mean over the classes of F1, the harmonic mean of precision and recall.

    Formula:
        f1_c = 2 precision_c recall_c / (precision_c + recall_c)
        f1   = 1/C Σ_c f1_c, over the classes that occur or are predicted

    Source: sklearn.metrics.f1_score with average="macro".
    """

    name: Literal["f1"] = "f1"
    label: ClassVar[str] = "F1"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "f1"
    shown: ClassVar[bool] = True


class F1Weighted(_OfClasses):
    """The F1 of each class, weighted by how often the class occurs.

    Formula:
        f1_weighted = Σ_c (samples of class c) f1_c / N

    Source: sklearn.metrics.f1_score with average="weighted".
    """

    name: Literal["f1_weighted"] = "f1_weighted"
    label: ClassVar[str] = "weighted F1"
    of: ClassVar[Literal["precision", "recall", "f1"]] = "f1"
    weighted: ClassVar[bool] = True
