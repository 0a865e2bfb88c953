"""Slices through the loss of a network of any size: along random directions, and between two solutions."""

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.loss_surface import Surface, Values, losses_at
from nntrain.network.network import Network
from nntrain.training.plan import Plan
from nntrain.utils.random import stream

GRID, LINE_POINTS = 41, 81  # points of each axis, of a line
REACH = 1.0  # of a slice along a random direction, in both ways
BEYOND = 0.5  # of a line beyond each of its ends


def random_slice(plan: Plan, theta: NDArray[np.floating], seed: int) -> Surface:
    """Return the training loss around ``theta`` (P) along two random directions, normalized by filter.

    The part of a direction that belongs to a unit's weights has the norm of those weights, so that slices of
    networks whose weights differ in scale can be compared. Biases and other parameters do not move.

    Source: Li et al., arXiv 1712.09913.
    """
    center = np.array(theta[: plan.network.parameters], np.float64)
    random = stream(seed, "slice")
    one, other = (_direction(plan.network, center, random) for _ in range(2))
    at = np.linspace(-REACH, REACH, GRID)
    rows = [losses_at(plan, center + b * other + at[:, None] * one) for b in at]
    return Surface(("direction 1", "direction 2"), (at, at), np.stack(rows))


def line_between(plan: Plan, start: NDArray[np.floating], end: NDArray[np.floating]) -> Surface:
    """Return the training loss on the line from one vector of parameters (fraction 0) to another (fraction 1)."""
    size = plan.network.parameters
    first, last = np.array(start[:size], np.float64), np.array(end[:size], np.float64)
    at = np.linspace(-BEYOND, 1 + BEYOND, LINE_POINTS)
    losses = [losses_at(plan, (first + fraction * (last - first))[None]) for fraction in at]
    return Surface(("fraction of the way",), (at,), np.concatenate(losses))


def _direction(network: Network, center: Values, random: np.random.Generator) -> Values:
    drawn = random.standard_normal(center.size)
    found = np.zeros_like(center)
    for here, source, w in zip(network.arrays(found), network.arrays(drawn), network.arrays(center), strict=True):
        norms = np.linalg.norm(source["weights"], axis=0)
        here["weights"][:] = source["weights"] * np.linalg.norm(w["weights"], axis=0) / np.where(norms > 0, norms, 1)
    return found
