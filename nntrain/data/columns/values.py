"""The raw numbers of a column in the training split, as the roles of columns learn from them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import unit_of

Numbers = NDArray[np.float64]
Impute = Literal["median", "mean", "most_frequent", "constant"]
QUANTILES = 1000  # maximum number of quantiles


class RawValues(Protocol):
    """The raw numbers of a column in the training split; NaN where one is missing."""

    @property
    def gaps(self) -> bool:
        """Whether a number is missing."""

    def fill(self, impute: Impute, constant: float = 0.0) -> float:
        """Return what replaces missing numbers; the constant if all are missing.

        Of equally frequent numbers, the most frequent one is the smallest.
        """

    def counts(self, levels: int) -> NDArray[np.int64]:
        """Return how often each of the numbers 0 ... ``levels`` - 1 occurs."""

    def quantiles(self, fill: float) -> list[float]:
        """Return at most 1000 quantiles at equally spaced probabilities, where ``fill`` replaces missing numbers."""


@dataclass(frozen=True)
class ValuesInMemory:
    """The raw numbers (N,) of a column in memory."""

    values: Numbers

    @cached_property
    def _missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)

    @property
    def gaps(self) -> bool:
        """Whether a number is missing."""
        return bool(self._missing.any())

    def fill(self, impute: Impute, constant: float = 0.0) -> float:
        """Return what replaces missing numbers; the constant if all are missing."""
        known = self.values[~self._missing]
        if impute == "constant" or not known.size:
            return constant
        if impute == "most_frequent":
            found, counts = np.unique(known, return_counts=True)
            return float(found[counts.argmax()])
        unit = unit_of(known[:, None])[0]  # a sum of the largest numbers would overflow
        return float(unit * (np.median(known / unit) if impute == "median" else np.mean(known / unit)))

    def counts(self, levels: int) -> NDArray[np.int64]:
        """Return how often each of the numbers 0 ... ``levels`` - 1 occurs."""
        return np.bincount(self.values[~self._missing].astype(np.int64), minlength=levels)

    def quantiles(self, fill: float) -> list[float]:
        """Return at most 1000 quantiles at equally spaced probabilities, where ``fill`` replaces missing numbers."""
        x = np.where(self._missing, fill, self.values)
        found = np.percentile(x, np.linspace(0, 1, max(1, min(QUANTILES, len(x)))) * 100)
        return np.maximum.accumulate(found).tolist()  # type: ignore[no-any-return]
