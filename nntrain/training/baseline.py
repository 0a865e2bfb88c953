"""The baseline: loss and metric of the best constant prediction, which a useful model has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import Standardizer
from nntrain.losses import Loss
from nntrain.metrics.accuracy import accuracy
from nntrain.metrics.r2 import r2
from nntrain.network.row_weights import criterion_of, loss_of_rows
from nntrain.training.events import Baseline

CHUNK_ROWS = 4096  # rows that are predicted at a time


@dataclass(frozen=True)
class Rows:
    """Some rows of data as the compiled functions read them, and their targets as the metrics read them."""

    x: NDArray[Any]  # (N, inputs)
    target: NDArray[Any]  # (N, targets)
    y: NDArray[Any]  # (N,) class indices or (N, T) numbers
    weights: NDArray[np.float64] | None = None  # (N,); None: all weigh the same

    def __getitem__(self, rows: slice) -> "Rows":
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.x[rows], self.target[rows], self.y[rows], weights)


def baselines(
    loss: Loss,
    outputs: int,
    n_classes: int | None,
    splits: Mapping[str, Rows],
    targets: Standardizer | None = None,
) -> dict[str, Baseline]:
    """Return, for each split, loss and metric of the constant prediction that is best on the split ``train``.

    Args:
        loss: the loss, with all its settings resolved.
        outputs: number of outputs of the network.
        n_classes: number of classes; None: regression.
        splits: rows of the data, by the name of the split.
        targets: how targets are scaled, if they are.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # targets near the largest float
        return _baselines(loss, outputs, n_classes, splits, targets)


def in_own_units(
    targets: Standardizer | None, y: NDArray[Any], numbers: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return targets and predictions (N, T) on a scale on which R² is that of the targets' own units.

    Standardization does not change R², so that it is not undone.
    """
    if targets is None or targets.affine:
        return y, numbers
    return targets.invert(y), targets.prediction(numbers.astype(np.float64))


def _baselines(
    loss: Loss,
    outputs: int,
    n_classes: int | None,
    splits: Mapping[str, Rows],
    targets: Standardizer | None,
) -> dict[str, Baseline]:
    train = splits["train"]
    constant = loss.constant(train.target, outputs, train.weights).astype(train.target.dtype)
    frequent = None if n_classes is None else most_frequent(train.y, train.weights)
    found = {}
    for name, rows in splits.items():
        chunks = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows.x), CHUNK_ROWS)]
        losses = [loss_of(loss, np.tile(constant, (len(chunk.x), 1)), chunk)[0] for chunk in chunks]
        weights = loss.sample_weights(rows.target, rows.weights)
        value = loss.combine(np.array([losses]), len(rows.x), CHUNK_ROWS, weights)[0]
        if frequent is not None:
            metric = accuracy(rows.y, np.broadcast_to(frequent, rows.y.shape), rows.weights)
        else:
            predicted = np.broadcast_to(loss.prediction(constant[None]), rows.y.shape)
            metric = r2(*in_own_units(targets, rows.y, predicted), rows.weights)
        found[name] = Baseline(value, metric, loss.lower_bound(rows.target, outputs, rows.weights))
    return found


def most_frequent(y: NDArray[np.int64], weights: NDArray[np.float64] | None) -> Any:
    """Return the most frequent class, or the most frequent combination of several labels (L)."""
    if y.ndim == 1:
        return np.bincount(y, weights).argmax()
    found, index = np.unique(y, axis=0, return_inverse=True)
    return found[np.bincount(index.reshape(-1), weights).argmax()]


def loss_of(loss: Loss, outputs: NDArray[Any], rows: Rows) -> tuple[float, NDArray[Any]]:
    """Return the loss of ``outputs`` (N, O) for ``rows``, and its derivative with respect to the outputs (N, O)."""
    delta, dtype = np.empty_like(outputs), outputs.dtype
    if rows.weights is None:
        return loss.function[dtype](outputs, rows.target, delta, np.array(loss.numbers(), np.float64)), delta
    criterion = criterion_of(loss, dtype, rows.target, rows.weights)
    return loss_of_rows[dtype](criterion, outputs, rows.target, criterion.weights, delta), delta
