"""The decision threshold of two classes: from which probability on the second one is predicted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, metrics

USUAL = 0.5
MAX_CANDIDATES = 500


@dataclass(frozen=True)
class Threshold:
    """The threshold of a model.

    Attributes:
        value: the second class is predicted where its probability is at least this.
        metric: by which it was chosen on the validation split; empty if the recipe gives it.
        reached: the metric on the validation split with it; None if the recipe gives it.
        usual: the same with 0.5.
    """

    value: float
    metric: str = ""
    reached: float | None = None
    usual: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"value": self.value, "metric": self.metric or None, "reached": self.reached, "usual": self.usual}


def choose_threshold(rows: Predicted, name: str) -> Threshold:
    """Return the threshold with the best value of the metric ``name`` on the validation rows.

    The candidates are 0.5 and the middle between each two neighboring probabilities, of which at most 500 at equal
    distances in rank are tried. Of equally good ones, the closest to 0.5 is chosen.
    """
    metric, p = metrics()[name], np.unique(rows.given_probabilities[:, 1])
    middles = (p[1:] + p[:-1]) / 2
    if middles.size > MAX_CANDIDATES:
        middles = middles[np.linspace(0, middles.size - 1, MAX_CANDIDATES).astype(np.int64)]
    usual = _value(metric, rows, USUAL)
    best, chosen = usual, USUAL
    for candidate in sorted(middles.tolist(), key=lambda value: abs(value - USUAL)):
        value = _value(metric, rows, candidate)
        if value > best and 0 < candidate < 1:
            best, chosen = value, candidate
    sign = 1 if metric.greater_is_better else -1
    return Threshold(chosen, name, sign * best, sign * usual)


def second_class(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return the predicted class indices (N,) for ``probabilities`` (N, 2)."""
    return np.asarray(probabilities[:, 1] >= threshold, np.int64)


def at(rows: Predicted, threshold: float | None) -> Predicted:
    """Return predictions with another threshold; None: as they are."""
    if threshold is None or rows.probabilities is None:
        return rows
    return Predicted(rows.y, second_class(rows.probabilities, threshold), 2, rows.probabilities, rows.weights)


def _value(metric: Metric, rows: Predicted, threshold: float) -> float:
    value = metric.score(at(rows, threshold)).value
    if value is None:
        return -np.inf
    return value if metric.greater_is_better else -value
