"""Split rows: the same indices as scikit-learn's train_test_split, without importing it."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Random = np.random.RandomState
MANY_ROWS = 1 << 20
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitColumn:
    """A column by which rows are split.

    Attributes:
        name: of the column.
        kind: what it says: the ``split`` of each row, ``groups`` that stay together, or the ``time`` of each row.
        values: one for each row (N,): an index into :data:`SPLITS`, the index of its group, or its time.
    """

    name: str
    kind: Literal["split", "groups", "time"]
    values: NDArray[Any]

    def take(self, rows: Indices) -> Self:
        """Return the column with some of the rows."""
        return replace(self, values=self.values[rows])


def all_rows(rows: int, of: int | None = None) -> Indices:
    """Return the indices 0 ... ``rows`` - 1; those of many rows take 4 bytes each.

    ``of`` is the number of rows that decides on the bytes; None: ``rows``.
    """
    return np.arange(rows, dtype=np.int32 if MANY_ROWS < (of or rows) < 1 << 31 else np.int64)


def split_size(fraction: float, rows: int) -> int:
    """Return the size of a split of ``fraction`` of ``rows``, rounded up as in scikit-learn."""
    return ceil(fraction * rows)


def split_rows(rows: int, taken: int, seed: int, classes: Indices | None = None) -> tuple[Indices, Indices]:
    """Return the indices of the remaining rows and of the ``taken`` rows, both shuffled.

    Args:
        rows: number of rows.
        taken: number of rows to take.
        seed: of the shuffle.
        classes: the class index of each row, to stratify by; each class needs two rows, and each split at least as
            many rows as there are classes.

    Source: sklearn.model_selection.train_test_split(test_size=taken, random_state=seed, stratify=classes).
    """
    random = Random(seed)
    if classes is None:
        order = all_rows(rows)
        random.shuffle(order)  # as random.permutation(rows)
        return order[taken:], order[:taken]
    counts = np.bincount(classes)
    counts = counts[counts > 0]
    by_class = np.argsort(classes, kind="stable").astype(all_rows(0, rows).dtype)
    members = np.split(by_class, np.cumsum(counts)[:-1])
    staying = _allocate(counts, rows - taken, random)
    leaving = _allocate(counts - staying, taken, random)
    stay, leave = [], []
    for indices, n_stay, n_leave in zip(members, staying, leaving, strict=True):
        shuffled = indices[random.permutation(indices.size)]
        stay.append(shuffled[:n_stay])
        leave.append(shuffled[n_stay : n_stay + n_leave])
    return random.permutation(np.concatenate(stay)), random.permutation(np.concatenate(leave))


def _allocate(counts: Indices, draws: int, random: Random) -> Indices:
    """Return how many of ``draws`` rows each class gets: proportionally, the rest to the largest remainders."""
    exact = counts / counts.sum() * draws
    whole = np.floor(exact)
    missing = int(draws - whole.sum())
    for fraction in sorted(set((exact - whole).tolist()), reverse=True):  # np.unique would import np.ma, 18 ms
        if missing <= 0:
            break
        tied = np.flatnonzero(exact - whole == fraction)
        lucky = random.choice(tied, size=min(tied.size, missing), replace=False)
        exact[lucky] = whole[lucky] = whole[lucky] + 1
        missing -= lucky.size
    return np.asarray(whole, np.int64)
