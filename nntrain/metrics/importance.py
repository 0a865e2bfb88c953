"""Permutation importance: how much a model's score drops when the values of one column are shuffled."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Importance(NamedTuple):
    """The importance of one column.

    Attributes:
        mean: mean drop of the score over the repeats.
        std: standard deviation over the repeats.
        drops: of each repeat.
    """

    mean: float
    std: float
    drops: tuple[float, ...]


def importances(
    score: Callable[[NDArray[np.float64]], float], x: NDArray[np.float64], repeats: int, seed: int
) -> Iterator[Importance]:
    """Yield the importance of each column of ``x`` (N, I).

    Formula:
        importance_j = score(x) - score(x with column j shuffled), mean and standard deviation over the repeats

    A column that tells the same as another one seems unimportant: the model can still read the other one.

    Args:
        score: returns how good the model is on rows with these columns; higher is better.
        x: the rows.
        repeats: number of shuffles of each column.
        seed: of the shuffles.

    Source: Breiman 2001; sklearn.inspection.permutation_importance.
    """
    best, random = score(x), np.random.default_rng(seed)
    for column in range(x.shape[1]):
        shuffled, drops = x.copy(), []
        for _ in range(repeats):
            shuffled[:, column] = random.permutation(x[:, column])
            drops.append(best - score(shuffled))
        yield Importance(float(np.mean(drops)), float(np.std(drops)), tuple(drops))
