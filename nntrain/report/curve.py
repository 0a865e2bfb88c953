"""A curve over any number of epochs in bounded memory."""

from array import array

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 1 << 16


class Curve:
    """One value per epoch, in order.

    Beyond MAX_VALUES epochs, only the smallest and the largest value of every ``2 * every`` epochs are kept, so that
    neither the best epoch nor a peak is lost.
    """

    def __init__(self) -> None:
        self.every = 1
        self._kept, self._open = array("d"), array("d")  # _open: epochs not yet thinned out
        self._last = np.nan

    def __len__(self) -> int:
        return len(self._kept) + len(self._open)

    def append(self, value: float) -> None:
        """Append the value of the next epoch."""
        self._last = value
        self._open.append(value)
        if len(self._open) == 2 * self.every:
            self._kept.extend(_extremes(self._open, len(self._open)))
            del self._open[:]
            if len(self._kept) >= MAX_VALUES:
                self._kept = _extremes(self._kept, 4)
                self.every *= 2

    @property
    def last(self) -> float:
        """The value of the last epoch; NaN before the first."""
        return self._last

    @property
    def values(self) -> NDArray[np.float64]:
        """The values that are kept."""
        return np.array(self._kept + self._open, np.float64)


def _extremes(values: "array[float]", size: int) -> "array[float]":
    """Return the smallest and the largest of every ``size`` values, in their order."""
    if size == 2:
        return values
    groups = np.array(values, np.float64).reshape(-1, size)
    places = np.sort(np.stack([groups.argmin(axis=1), groups.argmax(axis=1)], axis=1), axis=1)
    return array("d", np.take_along_axis(groups, places, axis=1).ravel().tolist())
