"""The baseline: loss and metric of the best constant prediction, which a useful model has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.losses import Loss
from nntrain.metrics import accuracy, r2
from nntrain.training.events import Baseline

CHUNK_ROWS = 4096  # rows that are predicted at a time


@dataclass(frozen=True)
class Rows:
    """Some rows of data as the compiled functions read them, and their targets as the metrics read them."""

    x: NDArray[Any]  # (N, inputs)
    target: NDArray[Any]  # (N, targets)
    y: NDArray[Any]  # (N,) class indices or (N, T) numbers

    def __getitem__(self, rows: slice) -> "Rows":
        return Rows(self.x[rows], self.target[rows], self.y[rows])


def baselines(loss: Loss, outputs: int, n_classes: int | None, splits: Mapping[str, Rows]) -> dict[str, Baseline]:
    """Return, for each split, loss and metric of the constant prediction that is best on the split ``train``.

    Args:
        loss: the loss, with all its settings resolved.
        outputs: number of outputs of the network.
        n_classes: number of classes; None: regression.
        splits: rows of the data, by the name of the split.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # targets near the largest float
        return _baselines(loss, outputs, n_classes, splits)


def _baselines(loss: Loss, outputs: int, n_classes: int | None, splits: Mapping[str, Rows]) -> dict[str, Baseline]:
    train = splits["train"]
    constant = loss.constant(train.target, outputs).astype(train.target.dtype)
    frequent = None if n_classes is None else np.bincount(train.y).argmax()
    found = {}
    for name, rows in splits.items():
        chunks = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows.x), CHUNK_ROWS)]
        losses = [loss_of(loss, np.tile(constant, (len(chunk.x), 1)), chunk)[0] for chunk in chunks]
        value = loss.combine(np.array([losses]), len(rows.x), CHUNK_ROWS, loss.sample_weights(rows.target))[0]
        if frequent is not None:
            metric = accuracy(rows.y, np.full(len(rows.y), frequent))
        else:
            metric = r2(rows.y, np.broadcast_to(loss.prediction(constant[None]), rows.y.shape))
        found[name] = Baseline(value, metric, loss.least(rows.target, outputs))
    return found


def loss_of(loss: Loss, outputs: NDArray[Any], rows: Rows) -> tuple[float, NDArray[Any]]:
    """Return the loss of ``outputs`` (N, O) for ``rows``, and its derivative with respect to the outputs (N, O)."""
    delta, numbers = np.empty_like(outputs), np.array(loss.numbers(), np.float64)
    return loss.function[outputs.dtype](outputs, rows.target, delta, numbers), delta
