"""The curvature of the loss: the extreme eigenvalues of its Hessian and its condition number (Korea University, Lan).

H v is the change of the gradient along v, by central differences in float64. A small network's Hessian is computed
column by column, each with its own step (nntrain.diagnostics.differences); for a larger one Lanczos' method finds the
two ends of the spectrum.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.differences import EPS, Differences, Directions, Estimate, noise
from nntrain.diagnostics.function import Loss
from nntrain.diagnostics.probe import bare
from nntrain.errors import bad_input
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.plan import Plan
from nntrain.utils.random import stream

MAX_DENSE_PARAMETERS = 300  # up to here the whole Hessian is computed
LANCZOS_TOLERANCE = 1e-3  # relative to the largest eigenvalue
TRIES = 3  # runs of Lanczos' method, each with a step fitted to the last result

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """The Hessian's spectrum, without penalties, on the probe's samples; a sum loss is scaled to all samples.

    Attributes:
        smallest: the smallest eigenvalue; below 0 the loss curves downwards in some direction.
        largest: the largest one.
        error: bound on their error, from differences and from the tolerance of the search.
        condition: largest / smallest, the condition number; None if the smallest may be 0 or negative.
        largest_lr: 2 / largest: plain gradient descent diverges above it; None if largest is not positive.
    """

    smallest: float
    largest: float
    error: float
    condition: float | None
    largest_lr: float | None


def curvature(plan: Plan, theta: NDArray[Any] | None = None) -> Curvature:
    """Measure the curvature of a plan's loss on the first samples of its training split.

    Args:
        plan: supplies data, network and loss.
        theta: the parameters; None for the initial ones.
    """
    at, train = Engine(plan).theta if theta is None else theta, plan.data.train
    loss = Loss(Engine(bare(plan, train.take(slice(PROBE_ROWS)), "float64")), at.astype(np.float64))
    scale = len(train.x) / len(loss.engine.train.x) if plan.loss.reduction == "sum" else 1.0  # a sum is over all rows
    deviation = noise(lambda theta: loss.gradient_at(theta)[0], loss.theta, stream(plan.seed, "noise"))
    gradients, size = Directions(loss.gradient_at, loss.theta, deviation), plan.network.parameters
    if size <= MAX_DENSE_PARAMETERS:
        smallest, largest, error = _dense_spectrum(gradients, size)
    else:
        smallest, largest, error = _lanczos_spectrum(gradients, stream(plan.seed, "curvature").standard_normal(size))
    smallest, largest, error = scale * smallest, scale * largest, scale * error
    condition = largest / smallest if smallest > error else None
    return Curvature(smallest, largest, error, condition, 2 / largest if largest > error else None)


def _dense_spectrum(gradients: Directions, size: int) -> tuple[float, float, float]:
    """Return the extreme eigenvalues and their error, from the whole Hessian.

    The error of an eigenvalue is at most the norm of the error of the matrix (Weyl).
    """
    columns = [_best_or_rough(gradients.coordinate(i)) for i in range(size)]
    hessian = np.stack([column.value for column in columns])
    eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    error = float(np.linalg.norm([column.error for column in columns]))
    return smallest, largest, error + EPS * size * max(abs(smallest), abs(largest))


def _best_or_rough(differences: Differences) -> Estimate:
    """Return the best estimate; if every step crosses a kink, its own size is the error."""
    best = differences.best()
    if best.error < inf:
        return best
    return Estimate(best.value, float(np.linalg.norm(best.value)), best.power, kink=True)


def _lanczos_spectrum(gradients: Directions, first: Vector) -> tuple[float, float, float]:
    """Return the smallest and the largest eigenvalue, and their error.

    The second is found as the eigenvalue farthest from the first: thousands lie near 0, where Lanczos' method does not
    converge.
    """
    power = _best_or_rough(gradients.direction(first / np.linalg.norm(first))).power
    one, error, power = _farthest(gradients, 0.0, first, power)
    if one == 0:
        return 0.0, 0.0, error  # flat
    other, more, _ = _farthest(gradients, one, first, power)
    smallest, largest = min(one, other), max(one, other)
    return smallest, largest, max(error, more, LANCZOS_TOLERANCE * max(abs(smallest), abs(largest)))


def _farthest(gradients: Directions, point: float, first: Vector, power: int) -> tuple[float, float, int]:
    """Return the eigenvalue farthest from a point, its error, and the power of the best step."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    for _ in range(TRIES):

        def times(v: Vector, power: int = power) -> Vector:
            length = float(np.linalg.norm(v))
            return np.asarray(length * gradients.direction(v.ravel() / length).quotient(power).value)

        if not times(first).any():
            return 0.0, _best_or_rough(gradients.direction(first / np.linalg.norm(first))).error, power
        moved = LinearOperator(
            (first.size, first.size), matvec=lambda v: times(v) - point * v.ravel(), dtype=np.float64
        )
        try:
            _, vectors = eigsh(moved, 1, which="LM", v0=first, tol=LANCZOS_TOLERANCE / 4)
        except ArpackError as error:
            raise bad_input("--curvature", f"Lanczos' method did not converge: {error}", "try another seed") from None
        vector = vectors[:, 0]
        best = _best_or_rough(gradients.direction(vector))
        value, found = float(vector @ best.value), float(vector @ times(vector))
        if best.power == power or abs(value - found) <= max(best.error, LANCZOS_TOLERANCE * abs(value)):
            break
        power = best.power
    return value, best.error, power
