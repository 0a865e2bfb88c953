"""What the numbers of a gradient and those that they are compared with say about an array of a network."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Verdict = Literal["good", "fair", "doubtful", "wrong", "not checked"]
Dtype = Literal["float32", "float64"]

GOOD, FAIR, DOUBTFUL = 1e-7, 1e-4, 1e-2  # the usual thresholds of the relative error
GOOD_BY_ROUNDING = {"float64": GOOD, "float32": 1e-3}  # and where the error of what is compared with explains it
EXPLAINED = 4.0  # times that error: a larger gap is not explained by it
RIGHT, WRONG = 1e-2, 0.1  # largest relative errors that can tell that a number is right, and that one is wrong
SMALL = 1e-4  # of the largest number of a tensor: smaller ones are measured relative to this
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class TensorCheck:
    """What was found in one of a network's arrays.

    Attributes:
        name: such as ``1 weights``.
        term: ``data`` or ``penalty``: the loss itself, or what regularises.
        dtype: ``float64``: compared with differences; ``float32``: compared with float64.
        checked: coordinates that could be compared.
        corners: coordinates left out because every step that tells crosses a corner.
        unresolved: coordinates left out because their gradient is lost in the error of what it is compared with.
        error: the worst relative error, |a - n| / max(|a|, |n|).
        index: where that is, as (row, column) of weights or (unit,) of biases.
        analytic: backpropagation's number there.
        numeric: the difference quotient there, or float64's number.
        verdict: by the usual thresholds; ``not checked`` where no coordinate could be compared.
        sweep: the relative error for each h: of the worst coordinate if it is wrong, else of the largest gradient.
    """

    name: str
    term: str
    dtype: Dtype
    checked: int
    corners: int
    unresolved: int
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    verdict: Verdict
    sweep: tuple[tuple[float, float], ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the gradient is wrong."""
        return self.verdict == "wrong"


@dataclass(frozen=True)
class Tensor:
    """One of a network's arrays: its name, its place in theta, and its rows (0: a vector) and columns."""

    name: str
    start: int
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return max(self.rows, 1) * self.columns

    def index(self, coordinate: int) -> tuple[int, ...]:
        """Return the place of a coordinate of theta in the array."""
        place = coordinate - self.start
        return divmod(place, self.columns) if self.rows else (place,)


@dataclass(frozen=True)
class Compared:
    """Some coordinates of a tensor, and what they are compared with.

    Attributes:
        tensor: whose.
        coordinates: which, of theta.
        analytic: backpropagation's numbers.
        numeric: what they are compared with.
        error: that both together may have.
        largest: the largest number of the tensor's gradient.
        corner: where differences met a corner.
        dtype: as in TensorCheck.
        term: as in TensorCheck.
    """

    tensor: Tensor
    coordinates: NDArray[np.int64]
    analytic: Vector
    numeric: Vector
    error: Vector
    largest: float
    corner: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, np.bool_))
    dtype: Dtype = "float64"
    term: str = "data"

    @cached_property
    def gap(self) -> Vector:
        """By how much both differ; infinite where one is no number."""
        gap = np.abs(self.analytic - self.numeric)
        return np.where(np.isnan(gap), np.inf, gap)

    @cached_property
    def size(self) -> Vector:
        """The larger one of both."""
        return np.fmax(np.abs(self.analytic), np.abs(self.numeric))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Where the comparison can tell that a number is right."""
        return (self.error <= RIGHT * self.size) & (self.size > 0) & np.isfinite(self.numeric)

    @cached_property
    def explained(self) -> NDArray[np.bool_]:
        """Where the gap is no larger than the error may be."""
        return self.gap <= EXPLAINED * self.error

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Where the comparison tells that a number is wrong."""
        told = (self.error <= WRONG * self.size) & np.isfinite(self.numeric)
        return told & ~self.explained & (self.gap > DOUBTFUL * self.size)

    @cached_property
    def relative(self) -> Vector:
        """The relative error where something can be told, else 0; that of a wrong number is relative to itself."""
        size = np.where(self.wrong, self.size, np.fmax(self.size, SMALL * self.largest))
        return np.where(self.right | self.wrong, self.gap / np.fmax(size, TINY), 0.0)

    @property
    def verdict(self) -> Verdict:
        """What the worst coordinate says."""
        if self.wrong.any():
            return "wrong"
        if not self.right.any():
            return "not checked"
        if self.relative.max() <= GOOD_BY_ROUNDING[self.dtype] and self.explained[self.right].all():
            return "good"
        return "fair" if self.relative[~self.explained].max(initial=0.0) <= FAIR else "doubtful"

    @property
    def worst(self) -> int:
        """Which coordinate has the largest relative error; where nothing can be told, which may be the largest."""
        if self.relative.any():
            return int(np.argmax(self.relative))
        return int(np.argmax(np.where(np.isfinite(self.error), self.size, -1.0)))

    def to_check(self, sweep: tuple[tuple[float, float], ...] = ()) -> TensorCheck:
        """Return what was found."""
        worst, left = self.worst, ~(self.right | self.wrong)
        return TensorCheck(
            name=self.tensor.name,
            term=self.term,
            dtype=self.dtype,
            checked=int((~left).sum()),
            corners=int((left & self.corner).sum()),
            unresolved=int((left & ~self.corner).sum()),
            error=float(self.relative[worst]),
            index=self.tensor.index(int(self.coordinates[worst])),
            analytic=float(self.analytic[worst]),
            numeric=float(self.numeric[worst]),
            verdict=self.verdict,
            sweep=sweep,
        )
