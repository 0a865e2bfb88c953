"""A curve of any number of epochs in bounded memory."""

from array import array

import numpy as np
from numpy.typing import NDArray

MOST = 1 << 16  # values that are kept


class Curve:
    """The values of a run's epochs, in their order.

    Beyond MOST epochs each value stands for ``every`` of them: of each 2 ``every`` epochs the smallest and the largest
    value are kept, so that neither the best epoch nor a peak is lost.
    """

    def __init__(self) -> None:
        self.every = 1
        self._kept, self._open = array("d"), array("d")  # the latter of the last epochs, until there are 2 every
        self._last = np.nan

    def __len__(self) -> int:
        return len(self._kept) + len(self._open)

    def append(self, value: float) -> None:
        """Take in the value of the next epoch."""
        self._last = value
        self._open.append(value)
        if len(self._open) == 2 * self.every:
            self._kept.extend(_extremes(self._open, len(self._open)))
            del self._open[:]
            if len(self._kept) >= MOST:
                self._kept = _extremes(self._kept, 4)
                self.every *= 2

    @property
    def last(self) -> float:
        """The value of the last epoch, NaN before there is one."""
        return self._last

    @property
    def values(self) -> NDArray[np.float64]:
        """The values that are kept; the last ones are of single epochs."""
        return np.array(self._kept + self._open, np.float64)


def _extremes(values: "array[float]", size: int) -> "array[float]":
    """Return the smallest and the largest of each ``size`` values, in their order."""
    if size == 2:
        return values
    groups = np.array(values, np.float64).reshape(-1, size)
    places = np.sort(np.stack([groups.argmin(axis=1), groups.argmax(axis=1)], axis=1), axis=1)
    return array("d", np.take_along_axis(groups, places, axis=1).ravel().tolist())
