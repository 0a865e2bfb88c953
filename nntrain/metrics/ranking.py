"""Metrics of how well the probabilities rank the samples: ROC AUC and average precision."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, UndefinedMetricError


def roc_auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve of ``score`` (N), for which samples are ``positive`` (N).

    It is the probability that a positive sample has a higher score than a negative one; a tie counts half.

    Raises:
        UndefinedMetricError: if all samples are of one kind.
    """
    hits, alarms = _above_each_score(positive, score)
    if not hits[-1] or not alarms[-1]:
        raise UndefinedMetricError("it needs samples of both kinds")
    widths, heights = np.diff(alarms, prepend=0.0), hits + np.insert(hits[:-1], 0, 0.0)
    return float((widths * heights).sum() / 2 / (hits[-1] * alarms[-1]))


def average_precision(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the mean precision over the thresholds, weighted by the increase in recall at each.

    Raises:
        UndefinedMetricError: if no sample is positive.
    """
    hits, alarms = _above_each_score(positive, score)
    if not hits[-1]:
        raise UndefinedMetricError("it needs positive samples")
    return float((np.diff(hits, prepend=0.0) * hits / (hits + alarms)).sum() / hits[-1])


def _above_each_score(
    positive: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many positive and negative samples have at least each distinct score, the highest score first."""
    order = np.argsort(-score, kind="stable")
    sorted_scores = score[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(score) - 1)
    hits = np.cumsum(positive[order], dtype=np.float64)[ends]
    return hits, ends + 1 - hits


class _Ranking(Metric):
    """A metric of one class against the others: of the second of two classes, else the mean over all."""

    task: ClassVar[Task] = "classification"
    greater_is_better: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return the metric of the second class, or the mean over the classes."""
        probabilities, counts = rows.given_probabilities, np.bincount(rows.y, minlength=rows.n_classes or 0)
        missing = int((counts == 0).sum())
        if missing:
            what = "only one class occurs" if np.count_nonzero(counts) == 1 else f"{missing} classes do not occur"
            raise UndefinedMetricError(what.replace("1 classes do", "1 class does"))
        classes = [1] if rows.n_classes == 2 else range(rows.n_classes or 0)
        return float(np.mean([self.of_class(rows.y == c, probabilities[:, c]) for c in classes]))

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
        """Return the metric of one class against the others."""
        raise NotImplementedError


class RocAuc(_Ranking):
    """The area under the ROC curve: the probability that a sample of the class gets a higher score than another one.

    Formula:
        roc_auc = Σ_(i of the class, j not) ([p_i > p_j] + ½ [p_i = p_j]) / (number of such pairs)

    The score p is the predicted probability of the class. Of two classes, it is that of the second; of more, the mean
    over the classes, each against the others. It is undefined unless all classes occur.

    Source: sklearn.metrics.roc_auc_score with multi_class="ovr", average="macro".
    """

    name: Literal["roc_auc"] = "roc_auc"
    label: ClassVar[str] = "ROC AUC"
    shown: ClassVar[bool] = True

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
        """Return the area."""
        return roc_auc(positive, score)


class AveragePrecision(_Ranking):
    """The mean precision over the thresholds, weighted by the increase in recall at each.

    Formula:
        average_precision = Σ_k (recall_k - recall_(k-1)) precision_k, over the distinct probabilities, falling

    Of two classes, it is that of the second; of more, the mean over the classes, each against the others. It is
    undefined unless all classes occur.

    Source: sklearn.metrics.average_precision_score with average="macro".
    """

    name: Literal["average_precision"] = "average_precision"
    label: ClassVar[str] = "average precision"

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
        """Return the average precision."""
        return average_precision(positive, score)
