"""Judge a gradient against the numbers that it is compared with, array by array."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Verdict = Literal["good", "fair", "doubtful", "wrong", "not checked"]
Dtype = Literal["float32", "float64"]

GOOD, FAIR, DOUBTFUL = 1e-7, 1e-4, 1e-2  # the usual thresholds of the relative error
GOOD_BY_ROUNDING = {"float64": GOOD, "float32": 1e-3}  # where the reference's error explains the gap
EXPLAINED_ERRORS = 4.0  # a gap beyond this multiple of the error is unexplained
MAX_ERROR_RIGHT, MAX_ERROR_WRONG = 1e-2, 0.1  # maximum relative errors that can prove a number right or wrong
SMALL_RELATIVE = 1e-4  # smaller numbers are measured relative to this fraction of the tensor's largest
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class TensorCheck:
    """The result for one array of a network.

    Attributes:
        name: such as ``1 weights``.
        term: ``data`` or ``penalty``: the loss, or the regularization.
        dtype: ``float64``: compared with differences; ``float32``: with float64.
        checked: number of coordinates compared.
        corners: coordinates left out because every useful step crosses a kink.
        unresolved: coordinates left out because the reference's error exceeds their gradient.
        error: the worst relative error, |a - n| / max(|a|, |n|).
        index: of the worst coordinate: (row, column) of weights or (unit,) of biases.
        analytic: backpropagation's value there.
        numeric: the difference quotient there, or float64's value.
        verdict: by the usual thresholds; ``not checked`` if no coordinate could be compared.
        sweep: the relative error for each h: of the worst coordinate if wrong, else of the largest gradient.
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
    """An array of a network: name, position in theta, rows (0: a vector) and columns."""

    name: str
    start: int
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return max(self.rows, 1) * self.columns

    def index(self, coordinate: int) -> tuple[int, ...]:
        """Return the index in the array of a coordinate of theta."""
        place = coordinate - self.start
        return divmod(place, self.columns) if self.rows else (place,)


@dataclass(frozen=True)
class Compared:
    """Some coordinates of a tensor and their references.

    Attributes:
        tensor: the array.
        coordinates: indices into theta.
        analytic: backpropagation's values.
        numeric: the references.
        error: bound on the error of both together.
        largest: the largest magnitude in the tensor's gradient.
        kink: where a difference met a kink.
        dtype: as in TensorCheck.
        term: as in TensorCheck.
    """

    tensor: Tensor
    coordinates: NDArray[np.int64]
    analytic: Vector
    numeric: Vector
    error: Vector
    largest: float
    kink: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, np.bool_))
    dtype: Dtype = "float64"
    term: str = "data"

    @cached_property
    def gap(self) -> Vector:
        """The absolute difference; infinite where one is NaN."""
        gap = np.abs(self.analytic - self.numeric)
        return np.where(np.isnan(gap), np.inf, gap)

    @cached_property
    def size(self) -> Vector:
        """The larger magnitude of the two."""
        return np.fmax(np.abs(self.analytic), np.abs(self.numeric))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Where the comparison can prove a number right."""
        return (self.error <= MAX_ERROR_RIGHT * self.size) & (self.size > 0) & np.isfinite(self.numeric)

    @cached_property
    def explained(self) -> NDArray[np.bool_]:
        """Where the error explains the gap."""
        return self.gap <= EXPLAINED_ERRORS * self.error

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Where the comparison proves a number wrong."""
        tells_wrong = (self.error <= MAX_ERROR_WRONG * self.size) & np.isfinite(self.numeric)
        return tells_wrong & ~self.explained & (self.gap > DOUBTFUL * self.size)

    @cached_property
    def relative(self) -> Vector:
        """The relative error of the numbers proved right or wrong, else 0; of a wrong one relative to itself."""
        size = np.where(self.wrong, self.size, np.fmax(self.size, SMALL_RELATIVE * self.largest))
        return np.where(self.right | self.wrong, self.gap / np.fmax(size, TINY), 0.0)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the worst coordinate."""
        if self.wrong.any():
            return "wrong"
        if not self.right.any():
            return "not checked"
        if self.relative.max() <= GOOD_BY_ROUNDING[self.dtype] and self.explained[self.right].all():
            return "good"
        return "fair" if self.relative[~self.explained].max(initial=0.0) <= FAIR else "doubtful"

    @property
    def worst(self) -> int:
        """The coordinate with the largest relative error; if none is proved, with the largest magnitude."""
        if self.relative.any():
            return int(np.argmax(self.relative))
        return int(np.argmax(np.where(np.isfinite(self.error), self.size, -1.0)))

    def to_check(self, sweep: tuple[tuple[float, float], ...] = ()) -> TensorCheck:
        """Return the result."""
        worst, left = self.worst, ~(self.right | self.wrong)
        return TensorCheck(
            name=self.tensor.name,
            term=self.term,
            dtype=self.dtype,
            checked=int((~left).sum()),
            corners=int((left & self.kink).sum()),
            unresolved=int((left & ~self.kink).sum()),
            error=float(self.relative[worst]),
            index=self.tensor.index(int(self.coordinates[worst])),
            analytic=float(self.analytic[worst]),
            numeric=float(self.numeric[worst]),
            verdict=self.verdict,
            sweep=sweep,
        )
