"""Evidence for the verdict on a run beyond its curves: how much of its losses is noise."""

from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.training.baseline import Rows, loss_of
from nntrain.training.engine import Engine
from nntrain.training.events import Estimate

GROUPS = 64  # groups of validation rows, from which standard errors are estimated
NEIGHBORS = 3  # nearest rows that a row's error is compared with
MIN_ROWS = 12  # below it, neighbors are too far apart to compare
SMALLEST = float(np.finfo(np.float64).tiny)
SAME_POINT = 1e-12  # squared distance, relative to the rows' squared lengths, below which two rows are the same


def rise(engine: Engine, last: NDArray[Any], best: NDArray[Any]) -> Estimate | None:
    """Return the validation loss of the weights ``last`` minus that of ``best``; None without validation.

    The standard error is that of the mean paired difference over groups of rows.
    """
    rows = engine.splits.get("validation")
    if rows is None:
        return None
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return _mean(engine, np.subtract(_group_losses(engine, last, rows), _group_losses(engine, best, rows)))


def validation_loss(engine: Engine) -> Estimate | None:
    """Return the validation loss of the current weights over groups of rows; None without validation."""
    rows = engine.splits.get("validation")
    return None if rows is None else _mean(engine, np.array(_group_losses(engine, engine.theta, rows)))


def systematic(engine: Engine) -> Estimate | None:
    """Return the fraction of the remaining error that neighboring rows have in common; None if it cannot be estimated.

    Formula:
        r_i = dL/do_i, the loss's derivative for row i, minus the mean over all rows
        fraction = Σ_i r_i · mean of r over the nearest rows of i  /  Σ_i r_i · r_i

    Noise is independent between rows, so its fraction is 0; an error that a better model could remove is similar
    among neighbors. The rows are the probe's; rows with the same features as row i are skipped.

    Source: Rice 1984 and the Gamma test (Stefansson et al. 1997), which estimate the variance of noise from neighbors.
    """
    rows = engine.probe
    if len(rows.x) < MIN_ROWS:
        return None
    error = loss_of(engine.plan.loss, engine.outputs(rows), replace(rows, weights=None))[1].astype(np.float64)
    largest = np.abs(error).max()
    if not 0 < largest < np.inf:
        return None
    error /= largest
    error -= error.mean(axis=0)
    nearest = _nearest(rows.x.astype(np.float64))
    total = float(np.square(error).sum()) or 1.0  # 0: all rows have the same error
    alike = (error * error[nearest].mean(axis=1)).sum(axis=1)
    return Estimate(float(alike.sum()) / total, float(np.sqrt(np.square(alike).sum())) / total)


def _nearest(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the indices (N, NEIGHBORS) of the nearest rows to each row of ``x``, skipping equal ones.

    Features are divided by their standard deviation, so that all weigh the same.
    """
    with np.errstate(all="ignore"):
        x = np.nan_to_num((x - x.mean(axis=0)) / x.std(axis=0))  # a constant feature becomes 0
    squares = np.square(x).sum(axis=1)
    sums = squares[:, None] + squares
    distances = sums - 2 * (x @ x.T)
    distances[distances <= SAME_POINT * sums] = np.inf
    nearest, rows = np.empty((len(x), NEIGHBORS), np.int64), np.arange(len(x))
    for k in range(NEIGHBORS):  # faster than sorting
        nearest[:, k] = distances.argmin(axis=1)
        distances[rows, nearest[:, k]] = np.inf
    return nearest


def _group_losses(engine: Engine, theta: NDArray[Any], rows: Rows) -> list[float]:
    """Return the loss of each of up to ``GROUPS`` groups of rows, whose sizes differ by at most one.

    If rows have weights, the mean of the groups is the loss of all rows.
    """
    outputs = engine.outputs(rows, theta)
    edges = np.linspace(0, len(outputs), min(GROUPS, len(outputs)) + 1).astype(np.int64)
    groups = [slice(start, stop) for start, stop in pairwise(edges)]
    losses = [loss_of(engine.plan.loss, outputs[group], rows[group])[0] for group in groups]
    masses = None if rows.weights is None else engine.plan.loss.sample_weights(rows.target, rows.weights)
    if masses is None or engine.plan.loss.reduction == "sum":
        return losses
    shares = [float(masses[group].sum()) * len(groups) / max(float(masses.sum()), SMALLEST) for group in groups]
    return [loss * share for loss, share in zip(losses, shares, strict=True)]


def _mean(engine: Engine, values: NDArray[np.float64]) -> Estimate:
    """Return the mean of the groups' values (the sum for a loss that is a sum), with its standard error."""
    scale = values.size if engine.plan.loss.reduction == "sum" else 1
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else inf
        return Estimate(scale * float(values.mean()), scale * error)
