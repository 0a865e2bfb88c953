"""The tuning trials of a variant: quasi-random points of its optimizer's search space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from nntrain.optimizers import Optimizer, Range
from nntrain.utils.random import stream

EDGE_FRACTION = 0.05  # a best trial in this outer fraction suggests that the range is too small


@dataclass(frozen=True)
class Trial:
    """A point of a search space: for each key its value and its position within the range."""

    settings: Mapping[str, float]
    positions: Mapping[str, float]

    def edges(self) -> list[str]:
        """Return the keys whose value is at an edge of the range."""
        return [key for key, position in self.positions.items() if not EDGE_FRACTION <= position <= 1 - EDGE_FRACTION]


def trials_of(optimizer: Optimizer, count: int, seed: int, fixed: Sequence[str] = ()) -> list[Trial]:
    """Return ``count`` quasi-random points of an optimizer's search space; none if the space is empty.

    Args:
        optimizer: defines the space (see :meth:`Optimizer.space`).
        count: number of points.
        seed: equal seeds give equal points in the unit cube.
        fixed: keys to leave unchanged.

    Source: Halton 1960, scrambled (SciPy); recommended by Google's tuning playbook for exploring.
    """
    space: dict[str, Range] = {key: interval for key, interval in optimizer.space(count).items() if key not in fixed}
    if not space:
        return []
    points = qmc.Halton(len(space), rng=stream(seed, "trials")).random(count)
    return [
        Trial(
            {key: interval.at(float(position)) for (key, interval), position in zip(space.items(), point, strict=True)},
            dict(zip(space, np.asarray(point).tolist(), strict=True)),
        )
        for point in points
    ]
