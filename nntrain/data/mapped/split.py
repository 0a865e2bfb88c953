"""Rows of a split in memory-mapped files: nothing is in memory but what is being read."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.data.split import Indices

PIECE_BYTES = 1 << 24  # of a mapped array that is read at a time
SPREAD_ROWS = 1 << 11  # rows read at a time if each is in a page of its own


@dataclass(frozen=True)
class MappedSplit(Split):
    """Rows of one split, in files.

    Attributes:
        peak: the largest magnitude among features and targets.
    """

    in_memory: ClassVar[bool] = False
    peak: float = 0.0

    @property
    def largest(self) -> float:
        """The largest magnitude among features and targets."""
        return self.peak

    def spread(self, rows: Indices) -> Split:
        """Return rows from all over the files in this order; they are read in the files' order, few at a time."""
        order = np.argsort(rows)
        x, y = (
            np.empty((rows.size, self.x.shape[1]), self.x.dtype),
            np.empty((rows.size, *self.y.shape[1:]), self.y.dtype),
        )
        for start in range(0, rows.size, SPREAD_ROWS):
            places = order[start : start + SPREAD_ROWS]
            x[places], y[places] = self.x[rows[places]], self.y[rows[places]]
            release(self.x)
            release(self.y)
        return Split(x, y)


def pieces(x: NDArray[Any], multiple: int) -> Iterator[slice]:
    """Yield slices of the rows of ``x`` (N, I): one of an array in memory; of a mapped one, pieces of 16 MB.

    The pages of a piece are released when the next one is asked for. Its rows are a multiple of ``multiple``, but for
    the last one.
    """
    if _map_of(x) is None:
        yield slice(0, len(x))
        return
    rows = max(1, PIECE_BYTES // (max(1, x.shape[1]) * x.itemsize) // multiple) * multiple
    for start in range(0, len(x), rows):
        yield slice(start, min(start + rows, len(x)))
        release(x)


def release(x: NDArray[Any]) -> None:
    """Release the resident pages of a mapped array; the next access reads them again."""
    mapped = _map_of(x)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # Windows has none
        mapped.madvise(mmap.MADV_DONTNEED)


def _map_of(x: Any) -> mmap.mmap | None:
    """Return the map that the memory of an array belongs to; None for other arrays."""
    while x is not None and not isinstance(x, mmap.mmap):
        x = getattr(x, "base", None)
    return x
