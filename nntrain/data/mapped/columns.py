"""The raw numbers of a table on the disk, one file a column, while it is converted."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.data.columns import Numbers
from nntrain.data.mapped.statistics import Blocks

BLOCK_ROWS = 1 << 15


class ColumnFiles:
    """Files of float64 numbers, written block by block and read in any order.

    Attributes:
        rows: the number of rows (N).
    """

    def __init__(self, folder: Path, columns: int) -> None:
        self._paths = [folder / f"column-{index}" for index in range(columns)]
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = [self._stack.enter_context(path.open("w+b")) for path in self._paths]
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close and remove the files."""
        self._stack.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def append(self, block: Sequence[Numbers]) -> None:
        """Append rows: their numbers (n,) by column."""
        for file, values in zip(self._files, block, strict=True):
            file.write(np.ascontiguousarray(values, np.float64).data)
        self.rows += len(block[0])

    def read(self, column: int, start: int, stop: int) -> Numbers:
        """Return the numbers of a column in the rows from ``start`` to ``stop``."""
        file = self._files[column]
        file.seek(start * 8)
        return np.frombuffer(file.read((stop - start) * 8), np.float64)

    def blocks(self) -> Iterator[slice]:
        """Yield the rows of each block."""
        for start in range(0, self.rows, BLOCK_ROWS):
            yield slice(start, min(start + BLOCK_ROWS, self.rows))

    def chosen(self, column: int, keep: NDArray[np.bool_]) -> Blocks:
        """Return the numbers of a column in the rows that ``keep`` (N,) selects."""
        return lambda: (self.read(column, rows.start, rows.stop)[keep[rows]] for rows in self.blocks())
