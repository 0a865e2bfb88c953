"""What the best constant prediction reaches: what a model is worth begins above that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.losses import Loss
from nntrain.metrics import accuracy, r2
from nntrain.training.events import Baseline

CHUNK = 4096  # rows whose predictions are laid out at a time


@dataclass(frozen=True)
class Rows:
    """Some rows of data as the compiled functions read them, beside the targets as they were given."""

    x: NDArray[Any]  # (N, inputs)
    target: NDArray[Any]  # (N, targets)
    y: NDArray[Any]  # (N,) class indices or (N, T) numbers

    def __getitem__(self, rows: slice) -> "Rows":
        return Rows(self.x[rows], self.target[rows], self.y[rows])


def baselines(loss: Loss, outputs: int, n_classes: int | None, parts: Mapping[str, Rows]) -> dict[str, Baseline]:
    """Return loss and metric, on each part, of the best constant prediction for the part ``train``.

    Args:
        loss: the loss, with nothing left open.
        outputs: of the network.
        n_classes: how many classes there are; None: regression.
        parts: of the data, by name.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of targets near the largest number that there is
        return _baselines(loss, outputs, n_classes, parts)


def _baselines(loss: Loss, outputs: int, n_classes: int | None, parts: Mapping[str, Rows]) -> dict[str, Baseline]:
    train = parts["train"]
    constant = loss.constant(train.target, outputs).astype(train.target.dtype)
    frequent = None if n_classes is None else np.bincount(train.y).argmax()
    found = {}
    for name, rows in parts.items():
        chunks = [rows[start : start + CHUNK] for start in range(0, len(rows.x), CHUNK)]
        losses = [loss_of(loss, np.tile(constant, (len(chunk.x), 1)), chunk)[0] for chunk in chunks]
        value = loss.combine(np.array([losses]), len(rows.x), CHUNK, loss.weigh(rows.target))[0]
        if frequent is not None:
            metric = accuracy(rows.y, np.full(len(rows.y), frequent))
        else:
            metric = r2(rows.y, np.broadcast_to(loss.prediction(constant[None]), rows.y.shape))
        found[name] = Baseline(value, metric, loss.least(rows.target, outputs))
    return found


def loss_of(loss: Loss, outputs: NDArray[Any], rows: Rows) -> tuple[float, NDArray[Any]]:
    """Return the loss of ``outputs`` (N, O) for ``rows``, and its derivative by the outputs (N, O)."""
    delta, numbers = np.empty_like(outputs), np.array(loss.numbers(), np.float64)
    return loss.function[outputs.dtype](outputs, rows.target, delta, numbers), delta
