"""The order of the rows of a mapped file in an epoch: shuffled in blocks, so that they are read nearly in sequence.

The file is cut into blocks of neighboring rows, starting at a random row. The blocks are shuffled, 64 of them are a
window, and the rows of a window are shuffled. A file of one window is shuffled completely.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nntrain.utils.random import stream

WINDOW_BYTES = 1 << 24  # of the features and targets of a window
BLOCKS = 64  # in a window
SAMPLE_ROWS = 1 << 17  # maximum number of training rows for the scores of the training split


@dataclass(frozen=True)
class WindowedOrder:
    """The rows of an epoch in the order of training; a slice of it is computed when it is needed.

    It depends on the seed, the epoch, and the numbers of rows and features alone.

    Attributes:
        seed: of the run.
        epoch: counted from 0.
        size: number of rows (N).
        block: rows in a block.
    """

    seed: int
    epoch: int
    size: int
    block: int

    def __getitem__(self, rows: slice) -> NDArray[np.int64]:
        """Return the indices of the rows at these positions of the epoch."""
        start, stop, _ = rows.indices(self.size)
        window = self.block * BLOCKS
        found = []
        for index in range(start // window, -(-stop // window)):
            first = index * window
            found.append(
                _window(self.seed, self.epoch, self.size, self.block, index)[max(start - first, 0) : stop - first]
            )
        return np.concatenate(found) if found else np.empty(0, np.int64)


def block_rows(row_bytes: int) -> int:
    """Return the number of rows of a block, given the bytes of a row's features and targets."""
    return max(1, WINDOW_BYTES // BLOCKS // row_bytes)


def sample_rows(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return the indices of a random sample of up to ``most`` of ``rows`` rows, in random order, without repeats."""
    random = stream(seed, "sample")
    if rows <= most:
        return random.permutation(rows)
    found = np.sort(random.choice(rows, most, replace=False, shuffle=False))
    return random.permutation(found)


@lru_cache(2)
def _blocks(seed: int, epoch: int, rows: int, block: int) -> tuple[int, NDArray[np.int64]]:
    """Return the row at which the first block starts, and the blocks in their order; an incomplete one is the last."""
    random = stream(seed, "blocks", epoch)
    whole = rows // block
    order = random.permutation(whole)
    return int(random.integers(rows)), np.append(order, whole) if rows % block else order


@lru_cache(2)
def _window(seed: int, epoch: int, rows: int, block: int, index: int) -> NDArray[np.int64]:
    """Return the rows of a window in their order."""
    first, order = _blocks(seed, epoch, rows, block)
    starts = order[index * BLOCKS : (index + 1) * BLOCKS] * block
    positions = (starts[:, None] + np.arange(block)).ravel()
    found = (positions[positions < rows] + first) % rows
    stream(seed, f"window {index}", epoch).shuffle(found)
    return found
