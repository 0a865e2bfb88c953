"""Metrics of how well the probabilities rank the samples: ROC AUC and average precision."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, Task, UndefinedMetricError, Weights


def roc_auc(positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights = None) -> float:
    """Return the area under the ROC curve of ``score`` (N), for which samples are ``positive`` (N).

    It is the probability that a positive sample has a higher score than a negative one; a tie counts half. With the
    samples' ``weights`` (N), a pair of samples counts as the product of theirs.

    Raises:
        UndefinedMetricError: if all samples are of one kind.
    """
    hits, alarms = _above_each_score(positive, score, weights)
    if not hits[-1] or not alarms[-1]:
        raise UndefinedMetricError("it needs samples of both kinds")
    widths, heights = np.diff(alarms, prepend=0.0), hits + np.insert(hits[:-1], 0, 0.0)
    return float((widths * heights).sum() / 2 / (hits[-1] * alarms[-1]))


def average_precision(positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights = None) -> float:
    """Return the mean precision over the thresholds, weighted by the increase in recall at each.

    ``weights`` are those of the samples (N); None: all weigh the same.

    Raises:
        UndefinedMetricError: if no sample is positive.
    """
    hits, alarms = _above_each_score(positive, score, weights)
    if not hits[-1]:
        raise UndefinedMetricError("it needs positive samples")
    return float((np.diff(hits, prepend=0.0) * hits / (hits + alarms)).sum() / hits[-1])


def _above_each_score(
    positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many positive and negative samples, or what weight of them, have at least each distinct score.

    The highest score is the first.
    """
    order = np.argsort(-score, kind="stable")
    sorted_scores = score[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(score) - 1)
    each = np.ones(len(score)) if weights is None else weights[order]
    hits = np.cumsum(np.where(positive[order], each, 0))[ends]
    return hits, np.cumsum(np.where(positive[order], 0, each))[ends]


class _Ranking(Metric):
    """A metric of one class against the others: of the second of two, else the mean over all, or over labels."""

    task: ClassVar[Task] = "classification"
    greater_is_better: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = True
    several: ClassVar[bool] = True

    def value(self, rows: Predicted) -> float:
        """Return the metric of the second class, or the mean over the classes or labels."""
        if rows.several:
            return self.of_labels(rows)
        probabilities, counts = rows.given_probabilities, np.bincount(rows.y, minlength=rows.n_classes or 0)
        missing = int((counts == 0).sum())
        if missing:
            what = "only one class occurs" if np.count_nonzero(counts) == 1 else f"{missing} classes do not occur"
            raise UndefinedMetricError(what.replace("1 classes do", "1 class does"))
        classes = [1] if rows.n_classes == 2 else range(rows.n_classes or 0)
        return float(np.mean([self.of_class(rows.y == c, probabilities[:, c], rows.weights) for c in classes]))

    def of_labels(self, rows: Predicted) -> float:
        """Return the mean over the labels."""
        probabilities, positive = rows.given_probabilities, rows.y == 1
        same = int((positive.all(axis=0) | ~positive.any(axis=0)).sum())
        if same:
            what = "1 label is" if same == 1 else f"{same} labels are"
            raise UndefinedMetricError(f"{what} the same in all rows")
        pairs = zip(positive.T, probabilities.T, strict=True)
        return float(np.mean([self.of_class(truth, score, rows.weights) for truth, score in pairs]))

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights) -> float:
        """Return the metric of one class against the others."""
        raise NotImplementedError


class RocAuc(_Ranking):
    """The area under the ROC curve: the probability that a sample of the class gets a higher score than another one.

    Formula:
        roc_auc = Σ_(i of the class, j not) ([p_i > p_j] + ½ [p_i = p_j]) / (number of such pairs)

    The score p is the predicted probability of the class. Of two classes, it is that of the second; of more, the mean
    over the classes, each against the others, or over the labels. It is undefined unless all classes occur.

    Source: sklearn.metrics.roc_auc_score with multi_class="ovr", average="macro".
    """

    name: Literal["roc_auc"] = "roc_auc"
    label: ClassVar[str] = "ROC AUC"
    shown: ClassVar[bool] = True

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights) -> float:
        """Return the area."""
        return roc_auc(positive, score, weights)


class AveragePrecision(_Ranking):
    """The mean precision over the thresholds, weighted by the increase in recall at each.

    Formula:
        average_precision = Σ_k (recall_k - recall_(k-1)) precision_k, over the distinct probabilities, falling

    Of two classes, it is that of the second; of more, the mean over the classes, each against the others, or over the
    labels. It is undefined unless all classes occur.

    Source: sklearn.metrics.average_precision_score with average="macro".
    """

    name: Literal["average_precision"] = "average_precision"
    label: ClassVar[str] = "average precision"

    def of_class(self, positive: NDArray[np.bool_], score: NDArray[np.float64], weights: Weights) -> float:
        """Return the average precision."""
        return average_precision(positive, score, weights)
