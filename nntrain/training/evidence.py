"""What a run is judged by beside its curves: how far the losses of its weights are noise."""

from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.training.baseline import Rows, loss_of
from nntrain.training.engine import Engine
from nntrain.training.events import Estimate

GROUPS = 64  # of validation rows, between which a difference of losses is seen to vary
NEIGHBORS = 3  # nearest rows that a row's error is compared with
FEWEST = 12  # rows, below which neighbors say nothing
SAME = 1e-12  # of the squared lengths of two rows: a squared distance below it is 0


def rise(engine: Engine, last: NDArray[Any], best: NDArray[Any]) -> Estimate | None:
    """Return how far the validation loss of the weights ``last`` is above that of ``best``; None without validation.

    The standard error is that of the mean difference over groups of rows, for which both were measured.
    """
    rows = engine.parts.get("validation")
    if rows is None:
        return None
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return _mean(engine, np.subtract(_group_losses(engine, last, rows), _group_losses(engine, best, rows)))


def validation_loss(engine: Engine) -> Estimate | None:
    """Return the validation loss of the weights as they stand, over groups of rows; None without validation."""
    rows = engine.parts.get("validation")
    return None if rows is None else _mean(engine, np.array(_group_losses(engine, engine.theta, rows)))


def systematic(engine: Engine) -> Estimate | None:
    """Return what share of the error that is left neighboring rows have in common; None where that cannot be said.

    Formula:
        r_i = dL/do_i, the error of row i as the loss sees it, less the mean over all rows
        share = Σ_i r_i · mean of r over the nearest rows of i  /  Σ_i r_i · r_i

    Noise is independent from row to row, so that its share is 0; what a better model could still learn is alike among
    neighbors. Rows are the probe's, and those with the same features as row i are passed over.

    Source: Rice 1984 and the Gamma test (Stefansson et al. 1997), which find the variance of noise from neighbors.
    """
    rows = engine.probe
    if len(rows.x) < FEWEST:
        return None
    error = loss_of(engine.plan.loss, engine.outputs(rows), rows)[1].astype(np.float64)
    largest = np.abs(error).max()
    if not 0 < largest < np.inf:
        return None
    error /= largest
    error -= error.mean(axis=0)
    nearest = _nearest(rows.x.astype(np.float64))
    total = float(np.square(error).sum()) or 1.0  # all rows have the same error
    alike = (error * error[nearest].mean(axis=1)).sum(axis=1)
    return Estimate(float(alike.sum()) / total, float(np.sqrt(np.square(alike).sum())) / total)


def _nearest(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the indices (N, NEIGHBORS) of the rows of ``x`` that are nearest to each, but not the same.

    All features count alike: they are taken in units of their standard deviation.
    """
    with np.errstate(all="ignore"):
        x = np.nan_to_num((x - x.mean(axis=0)) / x.std(axis=0))  # 0 for a feature that is constant
    squares = np.square(x).sum(axis=1)
    sums = squares[:, None] + squares
    distances = sums - 2 * (x @ x.T)
    distances[distances <= SAME * sums] = np.inf
    nearest, rows = np.empty((len(x), NEIGHBORS), np.int64), np.arange(len(x))
    for k in range(NEIGHBORS):  # faster than to sort
        nearest[:, k] = distances.argmin(axis=1)
        distances[rows, nearest[:, k]] = np.inf
    return nearest


def _group_losses(engine: Engine, theta: NDArray[Any], rows: Rows) -> list[float]:
    """Return the loss of each of up to ``GROUPS`` groups of rows, of the same size but for one row."""
    outputs = engine.outputs(rows, theta)
    edges = np.linspace(0, len(outputs), min(GROUPS, len(outputs)) + 1).astype(np.int64)
    groups = [slice(start, stop) for start, stop in pairwise(edges)]
    return [loss_of(engine.plan.loss, outputs[group], rows[group])[0] for group in groups]


def _mean(engine: Engine, values: NDArray[np.float64]) -> Estimate:
    """Return the mean of the groups' values, or their sum where the loss is one, with its standard error."""
    scale = values.size if engine.plan.loss.reduction == "sum" else 1
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else inf
        return Estimate(scale * float(values.mean()), scale * error)
