"""The loss of a batch whose rows have weights: a row of weight w counts like w equal rows.

Shape letters: B rows of a batch, O outputs, T targets.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.arrays import view
from nntrain.jit.kernels import compiled, kernel, noinline
from nntrain.jit.lazy import types
from nntrain.losses import Loss, RowWeights, call_loss
from nntrain.network.layer_table import CRITERION, Criterion


def criterion_of(loss: Loss, dtype: np.dtype[Any], target: NDArray[Any], weights: RowWeights = None) -> Criterion:
    """Return a loss as compiled code reads it, for the rows of ``target`` (N, T) and their ``weights`` (N)."""
    address, numbers = loss.criterion(dtype)
    masses = None if weights is None else loss.sample_weights(target, weights)
    return Criterion(
        address, numbers, np.empty(0, dtype) if masses is None else masses.astype(dtype), int(loss.reduction == "sum")
    )


@kernel
def batch_loss(loss, output, target, weights, delta):
    """Return the loss of a batch and fill delta (B, O) with dL/do.

    ``weights`` is the weight of each row (B), or empty if all rows weigh the same.
    """
    if weights.size == 0:
        return call_loss(loss.address, output, target, delta, loss.numbers)
    return mean_of_rows(loss, output, target, weights, delta)


@noinline
def mean_of_rows(loss, output, target, weights, delta):
    """Return Σ w_i L_i / Σ w_i of the losses L_i of single rows; Σ w_i L_i for a loss that is a sum."""
    total = 0.0
    for i in range(weights.size):
        total += weights[i]
    scale = 1.0 if loss.sums != 0 or total == 0 else 1 / total
    value, columns, targets = 0.0, output.shape[1], target.shape[1]
    for i in range(weights.size):
        gradient = view(delta, i * columns, (1, columns))
        factor = scale * weights[i]
        if weights[i] > 0:
            row, truth = view(output, i * columns, (1, columns)), view(target, i * targets, (1, targets))
            value += factor * call_loss(loss.address, row, truth, gradient, loss.numbers)
        for j in range(columns):
            gradient[0, j] = output.dtype.type(factor) * gradient[0, j] if weights[i] > 0 else output.dtype.type(0)
    return value


def LOSS_OF_ROWS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(loss, output (B, O), target (B, T), weights, delta (B, O)): as :func:`batch_loss`."""
    data = F[:, ::1]
    return types.float64(CRITERION(F), data, data, F[::1], data)


@compiled(LOSS_OF_ROWS)
def loss_of_rows(loss, output, target, weights, delta):
    """Return the loss of a batch, for use from Python."""
    return batch_loss(loss, output, target, weights, delta)
