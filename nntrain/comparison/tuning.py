"""The trials of a variant: points of its declared search space, the same for all variants, as far as they go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from nntrain.optimizers import Optimizer, Range
from nntrain.utils.random import stream

EDGE = 0.05  # outer share of a range in which a best trial says that the range may be too small


@dataclass(frozen=True)
class Trial:
    """A point of a search space: its value, and its place within the range, for each key."""

    settings: Mapping[str, float]
    places: Mapping[str, float]

    def edges(self) -> list[str]:
        """Return the keys whose value is at an edge of the range."""
        return [key for key, place in self.places.items() if not EDGE <= place <= 1 - EDGE]


def trials_of(optimizer: Optimizer, count: int, seed: int, fixed: Sequence[str] = ()) -> list[Trial]:
    """Return ``count`` quasi-random points of an optimizer's search space; none if there is nothing to look for.

    Args:
        optimizer: whose space it is (see :meth:`Optimizer.space`).
        count: how many.
        seed: the same points for all optimizers of a comparison.
        fixed: keys that are left as they are.

    Source: Halton 1960, scrambled (SciPy); recommended by Google's tuning playbook for exploring.
    """
    space: dict[str, Range] = {key: part for key, part in optimizer.space(count).items() if key not in fixed}
    if not space:
        return []
    points = qmc.Halton(len(space), rng=stream(seed, "trials")).random(count)
    return [
        Trial(
            {key: part.at(float(place)) for (key, part), place in zip(space.items(), point, strict=True)},
            dict(zip(space, np.asarray(point).tolist(), strict=True)),
        )
        for point in points
    ]
