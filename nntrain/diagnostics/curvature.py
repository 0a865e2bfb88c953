"""The curvature of the loss: the extreme eigenvalues of its Hessian, which say how ill-conditioned it is (K, S).

H v is the change of the gradient along v, by central differences in float64: no second derivatives are derived. A small
network's Hessian is made column by column; of a larger one Lanczos' method finds both ends of the spectrum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Part
from nntrain.diagnostics.layers import bare
from nntrain.errors import bad_input
from nntrain.random import stream
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.plan import Plan

EPS = 4 * float(np.finfo(np.float64).eps)  # some roundings
STEP = 6e-6  # near the cube root of the rounding error
SMALL_STEP = 1e-9  # for slopes that jump
FEW = 300  # parameters, up to which the whole Hessian is made
EXACT, ROUGH = 1e-7, 1e-3  # of the largest eigenvalue, within which another is found: of all, or by Lanczos' method

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """The Hessian's spectrum, for the loss without penalties on the probe's rows; a loss that sums, as over all rows.

    Attributes:
        smallest: the smallest eigenvalue; below 0 the loss curves downwards in some direction.
        largest: the largest one.
        error: that they may have, by rounding and by where the search ends.
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
    engine = Engine(bare(plan, Part(train.x[:PROBE_ROWS], train.y[:PROBE_ROWS]), "float64"))
    order, whole, size = np.arange(len(engine.train.x)), at.astype(np.float64), engine.grad.size
    # where slopes jump a step must not cross a corner: of its two errors the smaller one is rounding's then
    jumps = plan.loss.has_corners or any(layer.activation.corners for layer in plan.network.layers)
    size_of_step = SMALL_STEP if jumps else STEP
    scale = len(train.x) / order.size if plan.loss.reduction == "sum" else 1.0  # a sum is over all rows
    steps = size_of_step * np.maximum(1.0, np.abs(whole[:size]))

    def at_distance(moved: Vector) -> tuple[float, Vector]:
        engine.theta[:] = whole
        engine.theta[:size] += moved
        (loss,) = engine.take(order, 0, np.zeros(1))
        return float(loss), engine.grad.copy()

    def difference(along: Vector) -> Vector:
        return scale * (at_distance(along)[1] - at_distance(-along)[1]) / 2

    loss, gradient = at_distance(np.zeros(size))
    rounding = EPS * scale * (abs(loss) + float(np.abs(gradient).max())) / size_of_step
    if size <= FEW:
        hessian = np.stack([difference(row) / step for row, step in zip(np.diag(steps), steps, strict=True)])
        eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        smallest, largest, share = float(eigenvalues[0]), float(eigenvalues[-1]), EXACT
    else:
        step = size_of_step * max(1.0, float(np.sqrt(np.square(whole[:size]).mean())))
        smallest, largest = _ends(
            lambda v: difference(v * (step / np.linalg.norm(v))) * (np.linalg.norm(v) / step),
            stream(plan.seed, "curvature").standard_normal(size),
        )
        share = ROUGH
    error = max(share * max(abs(smallest), abs(largest)), rounding)
    condition = largest / smallest if smallest > error else None
    return Curvature(smallest, largest, error, condition, 2 / largest if largest > error else None)


def _ends(times: Callable[[Vector], Vector], first: Vector) -> tuple[float, float]:
    """Return the smallest and the largest eigenvalue: the ends of a spectrum are found by their size.

    The smallest one is looked for as the one that is farthest from that of the largest size, since there are thousands
    near 0, where Lanczos' method has no end.
    """
    # which takes a while, and a small network does not need
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    if not times(first).any():
        return 0.0, 0.0  # flat

    def farthest(point: float) -> float:
        moved = LinearOperator((first.size, first.size), matvec=lambda v: times(v) - point * v, dtype=np.float64)
        try:
            (found,) = eigsh(moved, 1, which="LM", v0=first, tol=ROUGH / 4, return_eigenvectors=False)
        except ArpackError as error:
            raise bad_input("--curvature", f"Lanczos' method did not end: {error}", "try another seed") from None
        return point + float(found)

    one = farthest(0.0)
    other = farthest(one)
    return min(one, other), max(one, other)
