"""The curvature of the loss: the extreme eigenvalues of its Hessian, which say how ill-conditioned it is (K, S).

H v is the change of the gradient along v, by central differences in float64: no second derivatives are derived. The
Hessian of a small network is made column by column, each with a step that suits it (nntrain.diagnostics.differences);
of a larger one Lanczos' method finds both ends of the spectrum.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.diagnostics.differences import EPS, Differences, Estimate, Lines, noise
from nntrain.diagnostics.function import Loss
from nntrain.diagnostics.layers import bare
from nntrain.errors import bad_input
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.plan import Plan
from nntrain.utils.random import stream

FEW = 300  # parameters, up to which the whole Hessian is made
ROUGH = 1e-3  # of the largest eigenvalue, within which Lanczos' method finds another
TRIES = 3  # of Lanczos' method, with a step that suits what it has found

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """The Hessian's spectrum, for the loss without penalties on the probe's rows; a loss that sums, as over all rows.

    Attributes:
        smallest: the smallest eigenvalue; below 0 the loss curves downwards in some direction.
        largest: the largest one.
        error: that they may have, by truncation and rounding of differences, and by where the search ends.
        condition: largest by smallest, the condition number; None where the smallest may be 0 or below.
        largest_lr: 2 / largest, from which on plain gradient descent leaves a valley; None if that is not above 0.
    """

    smallest: float
    largest: float
    error: float
    condition: float | None
    largest_lr: float | None


def curvature(plan: Plan, theta: NDArray[Any] | None = None) -> Curvature:
    """Measure the curvature of a plan's loss on the first rows of its training part.

    Args:
        plan: its data, network and loss count.
        theta: the parameters to measure at; None for the first ones.
    """
    at, train = Engine(plan).theta if theta is None else theta, plan.data.train
    loss = Loss(Engine(bare(plan, Split(train.x[:PROBE_ROWS], train.y[:PROBE_ROWS]), "float64")), at.astype(np.float64))
    scale = len(train.x) / len(loss.engine.train.x) if plan.loss.reduction == "sum" else 1.0  # a sum is over all rows
    deviation = noise(lambda theta: loss.gradient_at(theta)[0], loss.theta, stream(plan.seed, "noise"))
    gradients, size = Lines(loss.gradient_at, loss.theta, deviation), plan.network.parameters
    if size <= FEW:
        smallest, largest, error = _of_all(gradients, size)
    else:
        smallest, largest, error = _ends(gradients, stream(plan.seed, "curvature").standard_normal(size))
    smallest, largest, error = scale * smallest, scale * largest, scale * error
    condition = largest / smallest if smallest > error else None
    return Curvature(smallest, largest, error, condition, 2 / largest if largest > error else None)


def _of_all(gradients: Lines, size: int) -> tuple[float, float, float]:
    """Return the ends of the spectrum and their error, from the whole Hessian.

    An eigenvalue is off by no more than the norm of what the matrix is off by (Weyl).
    """
    columns = [_known(gradients.coordinate(i)) for i in range(size)]
    hessian = np.stack([column.value for column in columns])
    eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    error = float(np.linalg.norm([column.error for column in columns]))
    return smallest, largest, error + EPS * size * max(abs(smallest), abs(largest))


def _known(differences: Differences) -> Estimate:
    """Return the best estimate; where every step crosses a corner, nothing is known but how large it seems."""
    best = differences.best()
    if best.error < inf:
        return best
    return Estimate(best.value, float(np.linalg.norm(best.value)), best.power, corner=True)


def _ends(gradients: Lines, first: Vector) -> tuple[float, float, float]:
    """Return the smallest and the largest eigenvalue, and their error: the ends of a spectrum are found by their size.

    The smallest one is looked for as the one that is farthest from that of the largest size, since there are thousands
    near 0, where Lanczos' method has no end.
    """
    power = _known(gradients.direction(first / np.linalg.norm(first))).power
    one, error, power = _farthest(gradients, 0.0, first, power)
    if one == 0:
        return 0.0, 0.0, error  # flat
    other, more, _ = _farthest(gradients, one, first, power)
    smallest, largest = min(one, other), max(one, other)
    return smallest, largest, max(error, more, ROUGH * max(abs(smallest), abs(largest)))


def _farthest(gradients: Lines, point: float, first: Vector, power: int) -> tuple[float, float, int]:
    """Return the eigenvalue that is farthest from a point, its error, and the power of the step that suits it."""
    # which takes a while, and a small network does not need
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    for _ in range(TRIES):

        def times(v: Vector, power: int = power) -> Vector:
            length = float(np.linalg.norm(v))
            return np.asarray(length * gradients.direction(v.ravel() / length).quotient(power).value)

        if not times(first).any():
            return 0.0, _known(gradients.direction(first / np.linalg.norm(first))).error, power
        moved = LinearOperator(
            (first.size, first.size), matvec=lambda v: times(v) - point * v.ravel(), dtype=np.float64
        )
        try:
            _, vectors = eigsh(moved, 1, which="LM", v0=first, tol=ROUGH / 4)
        except ArpackError as error:
            raise bad_input("--curvature", f"Lanczos' method did not end: {error}", "try another seed") from None
        vector = vectors[:, 0]
        best = _known(gradients.direction(vector))
        value, found = float(vector @ best.value), float(vector @ times(vector))
        if best.power == power or abs(value - found) <= max(best.error, ROUGH * abs(value)):
            break
        power = best.power
    return value, best.error, power
