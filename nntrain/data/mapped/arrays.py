"""NPY files that are written row by row, and checked when they are opened."""

import os
import zlib
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

CHECK_BYTES = 1 << 23


class ArrayFile:
    """An NPY file whose rows are appended.

    Attributes:
        checksum: CRC-32 of the bytes so far.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str) -> None:
        self._file: IO[bytes] = path.open("wb")
        self.checksum = 0
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        self._dtype = np.dtype(dtype)
        np.lib.format.write_array_header_1_0(_Checked(self), header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def append(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        with np.errstate(over="ignore"):
            self.write(np.ascontiguousarray(rows, self._dtype).tobytes())

    def write(self, raw: bytes) -> None:
        """Append bytes."""
        self.checksum = zlib.crc32(raw, self.checksum)
        self._file.write(raw)

    def sync(self) -> None:
        """Return when all is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())


class _Checked:
    """A file object for NumPy's header."""

    def __init__(self, file: ArrayFile) -> None:
        self.write = file.write


def checksum_of(path: Path) -> int:
    """Return the CRC-32 of a file's bytes."""
    found = 0
    with path.open("rb") as file:
        while raw := file.read(CHECK_BYTES):
            found = zlib.crc32(raw, found)
    return found


def map_array(path: Path) -> NDArray[Any]:
    """Return the array of an NPY file, mapped: what is written to it stays in memory."""
    return np.asarray(np.lib.format.open_memmap(path, mode="c"))
