"""Splitting rows into parts: the very indices that scikit-learn's train_test_split gives, without importing it."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Random = np.random.RandomState


def share(fraction: float, rows: int) -> int:
    """Return how many of ``rows`` a part of ``fraction`` gets: rounded up, as scikit-learn does."""
    return ceil(fraction * rows)


def split(rows: int, taken: int, seed: int, classes: Indices | None = None) -> tuple[Indices, Indices]:
    """Return the indices of the rows that stay and of ``taken`` rows that are taken out, both shuffled.

    Args:
        rows: how many rows there are.
        taken: how many of them to take out.
        seed: of the shuffle.
        classes: the class index of each row, to keep the shares of classes alike in both parts; each class needs two
            rows, and each part a row for every class.

    Source: sklearn.model_selection.train_test_split(test_size=taken, random_state=seed, stratify=classes).
    """
    random = Random(seed)
    if classes is None:
        order = random.permutation(rows)
        return order[taken:], order[:taken]
    counts = np.bincount(classes)
    counts = counts[counts > 0]
    members = np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1])
    staying = _shares(counts, rows - taken, random)
    leaving = _shares(counts - staying, taken, random)
    stay, leave = [], []
    for indices, n_stay, n_leave in zip(members, staying, leaving, strict=True):
        shuffled = indices[random.permutation(indices.size)]
        stay.append(shuffled[:n_stay])
        leave.append(shuffled[n_stay : n_stay + n_leave])
    return random.permutation(np.concatenate(stay)), random.permutation(np.concatenate(leave))


def _shares(counts: Indices, draws: int, random: Random) -> Indices:
    """Return how many of ``draws`` rows each class gets: in proportion, the rest to the largest fractions."""
    exact = counts / counts.sum() * draws
    whole = np.floor(exact)
    missing = int(draws - whole.sum())
    for fraction in sorted(set((exact - whole).tolist()), reverse=True):  # np.unique takes 18 ms, to import np.ma
        if missing <= 0:
            break
        tied = np.flatnonzero(exact - whole == fraction)
        lucky = random.choice(tied, size=min(tied.size, missing), replace=False)
        exact[lucky] = whole[lucky] = whole[lucky] + 1
        missing -= lucky.size
    return np.asarray(whole, np.int64)
