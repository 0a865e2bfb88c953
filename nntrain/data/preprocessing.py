"""Scaling of features and targets, fitted on the training split only."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Scaling = Literal["standard", "minmax", "robust", "none"]
TINY = 10 * np.finfo(np.float64).eps  # a range below this is that of a constant, as in scikit-learn


def loss_scale(targets: "Standardizer | None") -> str:
    """Return what a loss is measured on, such as standardized targets, given their scaling."""
    return "targets" if targets is None else targets.result


def unit_of(x: NDArray[Any]) -> NDArray[Any]:
    """Return a unit for each column of ``x`` (N, I) in which its squares neither overflow nor underflow.

    Units are powers of two, so that dividing by them rounds nothing, and 1 for columns of ordinary size.
    """
    return unit_for(np.abs(x).max(axis=0), len(x))


def unit_for(largest: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return the same, given the largest magnitude of each column (I) and the number of rows."""
    extreme = np.sqrt(np.finfo(largest.dtype).max) / rows / 1024
    ordinary = (largest < extreme) & (largest > 1 / extreme) | (largest == 0)
    return np.where(ordinary, 1, np.ldexp(np.ones_like(largest), np.frexp(largest)[1] - 1)).astype(largest.dtype)


@dataclass(frozen=True)
class Standardizer:
    """Subtracts each column's mean and divides by its standard deviation, or by other numbers in their place.

    Formula:
        x <- (x - mean) / scale,  scale = sqrt(1/N Σ (x - mean)²), or 1 for a constant column

        minmax:  (x - min) / (max - min)
        robust:  (x - median) / (third quartile - first quartile)

    Source: sklearn.preprocessing.StandardScaler, MinMaxScaler, RobustScaler.
    """

    mean: Numbers
    scale: Numbers
    affine: ClassVar[bool] = True  # whether differences stay proportional, and R² the same

    @property
    def result(self) -> str:
        """What targets become."""
        return "standardized targets"

    @classmethod
    def fit(cls, x: Numbers) -> Self:
        """Return the standardizer for the columns of ``x`` (N, I)."""
        unit = unit_of(x)
        x = x / unit
        mean, variance = x.mean(axis=0), x.var(axis=0)
        # rounding gives constant columns a small variance; this bound is scikit-learn's
        error = np.finfo(np.float64).eps * len(x)
        constant = variance <= error * variance + (error * mean) ** 2
        return cls(mean * unit, np.where(constant, 1.0, np.sqrt(variance) * unit))

    @classmethod
    def of(cls, x: Numbers, scaling: Scaling) -> Self:
        """Return the scaling of the columns of ``x`` (N, I)."""
        if scaling == "standard":
            return cls.fit(x)
        if scaling == "none":
            return cls(np.zeros(x.shape[1]), np.ones(x.shape[1]))
        unit = unit_of(x)
        low, center, high = np.percentile(x / unit, [0, 0, 100] if scaling == "minmax" else [25, 50, 75], axis=0)
        with np.errstate(over="ignore"):
            spread = np.minimum((high - low) * unit, np.finfo(np.float64).max)
        return cls(center * unit, np.where(spread < TINY, 1.0, spread))

    def apply(self, x: Numbers) -> Numbers:
        """Return ``x`` (N, I) standardized."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((x - self.mean) / self.scale)

    def invert(self, x: Numbers) -> Numbers:
        """Return standardized ``x`` (N, I) in its original units."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(x * self.scale + self.mean)

    def prediction(self, x: Numbers) -> Numbers:
        """Return predicted standardized targets (N, T) in their original units."""
        return self.invert(x)

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, state: dict[str, Any] | None, columns: int) -> Self | None:
        """Return the standardizer with this state, or None for None.

        Raises:
            ValueError: if the state is not a finite mean and a finite, non-zero scale for each of ``columns``.
        """
        if state is None:
            return None
        mean, scale = (np.array(state[key], np.float64) for key in ("mean", "scale"))
        shapes = {mean.shape, scale.shape}
        if shapes != {(columns,)} or not np.isfinite([mean, scale]).all() or (scale == 0).any():
            raise ValueError("invalid state of a standardizer")
        return cls(mean, scale)
