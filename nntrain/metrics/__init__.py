"""Metrics: how good predictions are, apart from the loss.

A metric is a component: a class in any file of this folder is registered automatically, and can then be named in
recipes, options and conditions, as in ``validation.f1``. Each value equals scikit-learn's where scikit-learn has the
metric (tests compare them), but importing scikit-learn takes 0.8 s, so these are written with NumPy.

Where a metric is not defined, for example the area under the ROC curve of a split with one class, it has no value but
a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.registry import Component, members

Weights = NDArray[np.float64] | None
Task = Literal["classification", "regression"]
DEFAULTS: dict[Task, str] = {"classification": "accuracy", "regression": "r2"}  # measured in every run


class UndefinedMetricError(Exception):
    """The metric is not defined for these rows; the message says why."""


class Score(NamedTuple):
    """The value of a metric; None if it is undefined, and then why."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Predicted:
    """What a model predicted for some rows, and what is true.

    Attributes:
        y: the true class indices, (N,) or of several labels (N, L), or the true numbers (N, T) in the targets' own
            units.
        predicted: the predictions, shaped like ``y``.
        n_classes: number of classes C; None: regression.
        probabilities: of each class (N, C), or of each of several labels (N, L); None if the model gives none.
        weights: of the rows (N); None: all weigh the same.
    """

    y: NDArray[Any]
    predicted: NDArray[Any]
    n_classes: int | None = None
    probabilities: NDArray[np.float64] | None = None
    weights: Weights = None

    @property
    def several(self) -> bool:
        """Whether each row has several labels."""
        return self.n_classes is not None and self.y.ndim > 1

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """The number of rows (C, C) of each true class (row) and predicted class (column)."""
        return confusion_matrix(self.y, self.predicted, self.n_classes or 0)

    @cached_property
    def weighted_confusion(self) -> NDArray[Any]:
        """The weight of the rows (C, C) of each true class (row) and predicted class (column)."""
        if self.weights is None:
            return self.confusion
        return confusion_matrix(self.y, self.predicted, self.n_classes or 0, self.weights)

    @property
    def given_probabilities(self) -> NDArray[np.float64]:
        """The probabilities (N, C).

        Raises:
            UndefinedMetricError: if there are none, or one is not finite.
        """
        if self.probabilities is None:
            raise UndefinedMetricError("the model gives no probabilities")
        if not np.isfinite(self.probabilities).all():
            raise UndefinedMetricError("a probability is not finite")
        return self.probabilities

    def target(self, index: int) -> "Predicted":
        """Return the numbers of one of several targets."""
        one = slice(index, index + 1)
        return Predicted(self.y[:, one], self.predicted[:, one], weights=self.weights)

    def take(self, rows: NDArray[np.int64]) -> "Predicted":
        """Return the rows with these indices."""
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Predicted(self.y[rows], self.predicted[rows], self.n_classes, probabilities, weights)


class Metric(Component, family="metric"):
    """A metric of one task.

    A member's docstring holds its formula, and in which cases it is undefined.
    """

    task: ClassVar[Task]
    label: ClassVar[str]  # as tables print it
    greater_is_better: ClassVar[bool]
    needs_probabilities: ClassVar[bool] = False
    shown: ClassVar[bool] = False  # whether tables show it unless the user names others
    several: ClassVar[bool] = False  # whether it is defined for several labels

    def value(self, rows: Predicted) -> float:
        """Return the metric for at least one row.

        Raises:
            UndefinedMetricError: if it is not defined for them.
        """
        raise NotImplementedError

    def score(self, rows: Predicted) -> Score:
        """Return the metric, or why it has no value."""
        if not len(rows.y):
            return Score(None, "there are no rows")
        if rows.several and not self.several:
            return Score(None, "it is not measured for several labels")
        if rows.weights is not None and not rows.weights.all():
            rows = rows.take(np.flatnonzero(rows.weights))  # a row of weight 0 does not count in any way
            if not len(rows.y):
                return Score(None, "all rows have weight 0")
        if rows.n_classes is None and not np.isfinite(rows.predicted).all():
            return Score(None, "a prediction is not finite")
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                value = float(self.value(rows))
        except UndefinedMetricError as error:
            return Score(None, str(error))
        return Score(value) if np.isfinite(value) else Score(None, "the numbers are too large")


@cache
def metrics() -> dict[str, Metric]:
    """Return all metrics by name."""
    return {name: kind.model_validate({}) for name, kind in members(Metric).items()}


def metrics_of(task: Task) -> dict[str, Metric]:
    """Return the metrics of a task by name: those that tables show first."""
    found = {name: metric for name, metric in metrics().items() if metric.task == task}
    return dict(sorted(found.items(), key=lambda item: (item[0] != DEFAULTS[task], not item[1].shown)))


def scores(names: Iterable[str], rows: Predicted) -> dict[str, Score]:
    """Return the metrics with these names."""
    known = metrics()
    return {name: known[name].score(rows) for name in names}


def values(scores: Mapping[str, Score]) -> dict[str, float | None]:
    """Return the values of scores, without the reasons."""
    return {name: score.value for name, score in scores.items()}


def undefined(scores: Mapping[str, Mapping[str, Score]]) -> dict[str, str]:
    """Return why scores have no value, by split and name, as in ``test.roc_auc``."""
    return {f"{split}.{name}": one.reason for split, of in scores.items() for name, one in of.items() if one.reason}


def lower_is_better(name: str) -> bool:
    """Return whether less of a metric, or of the loss, is better."""
    return name == "loss" or not metrics()[name].greater_is_better


def metric_label(name: str) -> str:
    """Return the name of a metric, or of the loss, for people."""
    return metrics()[name].label if name in metrics() else name


def confusion_matrix(y: NDArray[Any], predicted: NDArray[Any], n_classes: int, weights: Weights = None) -> NDArray[Any]:
    """Return the number, or weight, of the rows (C, C) of each true class (row) and predicted class (column).

    Source: sklearn.metrics.confusion_matrix.
    """
    pairs = y * n_classes + predicted
    return np.bincount(pairs, weights, n_classes * n_classes).reshape(n_classes, n_classes)
