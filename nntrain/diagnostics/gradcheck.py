"""The gradient check: backpropagation against central differences of the loss, and float32's against float64's.

A number of the gradient is compared with a difference quotient whose step suits it (nntrain.diagnostics.differences).
The gap between them is judged against the error that the quotient may have: it explains the gap of a right gradient,
and not that of a wrong one. Where that error is as large as the gradient, the check says that it cannot tell. Where a
step crosses a corner of an activation or of the loss, the difference means nothing: such coordinates are counted apart.

The compiled float32 loops, which train, are checked against the float64 gradient, within what rounding to float32 may
move it by (nntrain.diagnostics.rounding).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Part
from nntrain.diagnostics.differences import Differences, Estimate, Moved, noise
from nntrain.diagnostics.function import Function, Loss, Sides
from nntrain.diagnostics.layers import bare
from nntrain.diagnostics.rounding import deviations
from nntrain.errors import DivergedError, Problem
from nntrain.network.regularize import L1, L2
from nntrain.optimizers.lbfgs import LBFGS
from nntrain.random import stream
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.training.search import iterations
from nntrain.training.settings import Regularization

Vector = NDArray[np.float64]
Verdict = Literal["good", "fair", "doubtful", "wrong", "not checked"]
Dtype = Literal["float32", "float64"]

SWEEP = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
ROWS, MOST_COORDINATES, DIRECTIONS = 32, 60, 3  # of the data; of each tensor; in which noise is measured
GOOD, FAIR, DOUBTFUL = 1e-7, 1e-4, 1e-2  # the usual thresholds of the relative error
GOOD_BY_ROUNDING = {"float64": GOOD, "float32": 1e-3}  # and where the error of what is compared with explains it
# Relative errors of what is compared with, up to which it tells that a gradient is right, and that one is wrong
RESOLVED, TOLD = 1e-2, 0.1
SMALL = 1e-4  # of the largest number of a tensor: relative to this, a smaller one is measured
BEYOND, AGAIN = 3.0, 4.0  # standard deviations of rounding that count as its error; errors that still explain a gap
DOUBLE = np.dtype(np.float64)


@dataclass(frozen=True)
class Settings:
    """How a gradient is checked.

    Attributes:
        rows: of the training part, at most.
        h: step of the differences, relative to a parameter beyond 1; None for one that suits each coordinate.
        dtypes: ``float64``: against differences; ``float32``: float32's gradient against float64's.
    """

    rows: int = ROWS
    h: float | None = None
    dtypes: tuple[Dtype, ...] = ("float64", "float32")


@dataclass(frozen=True)
class TensorCheck:
    """What was found in one of a network's arrays.

    Attributes:
        name: such as ``1 weights``.
        term: ``data`` or ``penalty``: the loss itself, or what regularises.
        dtype: ``float64``: compared with differences; ``float32``: compared with float64.
        checked: coordinates that could be compared.
        corners: coordinates left out because every step that tells crosses a corner.
        unresolved: coordinates whose gradient is smaller than the error of what it is compared with.
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


def check(
    plan: Plan,
    theta: Vector | None = None,
    tamper: Callable[[Engine, Vector], Vector] | None = None,
    settings: Settings | None = None,
) -> list[TensorCheck]:
    """Check the gradient of each array of a plan's network, on some rows of its training data.

    Args:
        plan: what is checked.
        theta: the parameters to check at; None for the first ones.
        tamper: changes the float64 gradient before it is checked, to see whether the check would notice.
        settings: rows, step and types of numbers; None for the usual ones.
    """
    settings = settings or Settings()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # of what is too large nothing can be told
        return _check(plan, theta, tamper, settings)


def _check(
    plan: Plan, theta: Vector | None, tamper: Callable[[Engine, Vector], Vector] | None, settings: Settings
) -> list[TensorCheck]:
    engine = Engine(_for_checking(plan, settings.rows))
    theta = engine.theta.copy() if theta is None else theta.astype(np.float64)
    found: list[TensorCheck] = []
    if "float64" in settings.dtypes:
        loss = Loss(engine, theta)
        analytic = loss.gradient_at(theta)[0]
        rounding = deviations(engine, DOUBLE, stream(plan.seed, "rounding"))
        if tamper is not None:
            analytic = tamper(engine, analytic)
        found += _against_differences(plan, "data", loss, analytic, rounding, settings.h)
        if plan.regularization.l1 or plan.regularization.l2:
            penalised = Loss(Engine(_for_checking(plan, settings.rows, penalties=True)), theta)
            difference = penalised.gradient_at(theta)[0] - loss.gradient_at(theta)[0]
            penalty = _Penalty(plan, theta)
            found += _against_differences(plan, "penalty", penalty, difference, rounding, settings.h)
    if "float32" in settings.dtypes:
        found += _single_against_double(plan, theta, settings)
    return found


def after_steps(plan: Plan, steps: int, rows: int = ROWS) -> Vector:
    """Return the parameters after some steps of training as the plan has it, on the rows that are checked.

    Raises:
        DivergedError: if a number ceases to be finite before that.
    """
    engine = Engine(replace(_for_checking(plan, rows, penalties=True), loss=plan.loss, optimizer=plan.optimizer))
    order = np.arange(len(engine.train.x))
    if isinstance(plan.optimizer, LBFGS):
        for theta, _ in iterations(engine, plan.optimizer, steps):
            engine.theta[: theta.size] = theta
        return engine.theta.copy()
    for k in range(steps):
        taken = engine.take(order, k, np.array([plan.optimizer.lr]))
        if not taken.size or not np.isfinite(engine.theta).all():
            what = f"training diverged at step {k + 1}: there is nothing to check after {steps} steps"
            raise DivergedError(Problem("gradcheck", what, "try fewer steps (--steps), or a smaller optimizer.lr"))
    return engine.theta.copy()


class _Penalty:
    """The penalty as a function of the parameters."""

    def __init__(self, plan: Plan, theta: Vector) -> None:
        self.theta = theta
        self._numbers = plan.penalty
        self._mask = plan.network.penalised(plan.regularization.biases)

    def at(self, theta: Vector) -> tuple[float, Sides]:
        w = self._mask * theta[: self._mask.size]
        value = float(self._numbers[L1] * np.abs(w).sum() + self._numbers[L2] / 2 * (w * w).sum())
        return value, w > 0 if self._numbers[L1] else np.zeros(0, np.bool_)


def _for_checking(plan: Plan, rows: int, penalties: bool = False, dtype: Dtype = "float64") -> Plan:
    """Return the plan of a step of the loss over some rows; clipping and decay are no part of a gradient."""
    train, ours = plan.data.train, plan.regularization
    regularization = Regularization(l1=ours.l1, l2=ours.l2, biases=ours.biases) if penalties else Regularization()
    part = Part(train.x[:rows], train.y[:rows])
    loss = plan.loss.differentiable()
    return replace(bare(plan, part, dtype), network=plan.network, loss=loss, regularization=regularization)


def _tensors(plan: Plan) -> Iterator[tuple[str, int, int, int, NDArray[np.int64]]]:
    """Yield each tensor's name, place in theta, rows and columns, and the coordinates in it that are checked."""
    layers = enumerate(plan.network.layers, start=1)
    names = [f"{index} {name}" for index, layer in layers for name in layer.learnt]
    for number, (name, (start, rows, columns)) in enumerate(zip(names, plan.network.tensors().tolist(), strict=True)):
        random = stream(plan.seed, "gradcheck", number)
        chosen = np.sort(random.permutation(max(rows, 1) * columns)[:MOST_COORDINATES])
        yield name, start, rows, columns, start + chosen


def _against_differences(
    plan: Plan, term: str, function: Function, analytic: Vector, rounding: Vector, h: float | None
) -> list[TensorCheck]:
    random = stream(plan.seed, "noise")
    deviation = max(noise(lambda at: function.at(at)[0], function.theta, random) for _ in range(DIRECTIONS))
    lines = _Lines(function, deviation)
    found = []
    for name, start, rows, columns, coordinates in _tensors(plan):
        estimates = [_estimate(lines.differences(int(i), h), float(analytic[i])) for i in coordinates]
        size = max(rows, 1) * columns
        tensor = _Tensor(
            analytic[coordinates],
            np.array([estimate.value for estimate in estimates]),
            np.array([estimate.error for estimate in estimates]) + BEYOND * rounding[coordinates],
            np.array([estimate.corner for estimate in estimates]),
            SMALL * float(np.abs(analytic[start : start + size]).max(initial=0.0)),
        )
        swept = tensor.worst if tensor.verdict in ("doubtful", "wrong") else tensor.largest
        sweep = lines.sweep(int(coordinates[swept]), float(tensor.analytic[swept]), tensor.floor)
        found.append(tensor.to_check(name, term, "float64", coordinates - start, rows, columns, sweep))
    return found


def _estimate(differences: Differences, analytic: float) -> Estimate:
    """Return the best estimate; before it contradicts the gradient, those of smaller steps are heard."""
    best = differences.best()
    return best if abs(analytic - best.value) <= best.error else differences.supporting(analytic, best, RESOLVED)


class _Lines:
    """A function along each of its coordinates."""

    def __init__(self, function: Function, deviation: float) -> None:
        self._function, self._deviation = function, deviation
        self._middle = Moved(0.0, *function.at(function.theta))

    def differences(self, i: int, h: float | None = None) -> Differences:
        """Return the differences along coordinate ``i``; a step is relative to a parameter beyond 1."""
        theta = self._function.theta

        def along(by: float) -> Moved:
            moved = theta.copy()
            moved[i] += by
            return Moved(float(moved[i] - theta[i]), *self._function.at(moved))

        return Differences(along, self._middle, self._deviation, max(1.0, abs(float(theta[i]))), h)

    def sweep(self, i: int, analytic: float, floor: float) -> tuple[tuple[float, float], ...]:
        """Return the relative error of plain quotients for steps of all sizes, but for those that cross a corner."""
        found = []
        for h in SWEEP:
            numeric, rounding, crossed = self.differences(i, h).quotient(0)
            if not crossed and np.isfinite(rounding):
                size = max(abs(analytic), abs(numeric), floor, float(np.finfo(np.float64).tiny))
                found.append((h, abs(analytic - numeric) / size))
        return tuple(found)


def _single_against_double(plan: Plan, theta: Vector, settings: Settings) -> list[TensorCheck]:
    """Check the float32 gradient against the float64 one, both of the same float32 rows, targets and parameters."""
    train = plan.data.train
    x = train.x[: settings.rows].astype(np.float32).astype(np.float64)
    y = train.y[: settings.rows]
    y = y.astype(np.float32).astype(np.float64) if plan.n_classes is None else y
    plan = replace(plan, data=replace(plan.data, train=Part(x, y)))
    single = Loss(Engine(_for_checking(plan, settings.rows, dtype="float32")), theta)
    double = Loss(Engine(_for_checking(plan, settings.rows)), single.theta.astype(np.float64))
    analytic, numeric = single.gradient_at(single.theta)[0], double.gradient_at(double.theta)[0]
    error = BEYOND * deviations(double.engine, np.dtype(np.float32), stream(plan.seed, "rounding"))
    error[~np.isfinite(analytic)] = 0.0 if _fits_single(double.engine) else np.inf
    found = []
    for name, start, rows, columns, coordinates in _tensors(plan):
        tensor = _Tensor(
            analytic[coordinates],
            numeric[coordinates],
            error[coordinates],
            np.zeros(coordinates.size, np.bool_),
            SMALL * float(np.abs(numeric[start : start + max(rows, 1) * columns]).max(initial=0.0)),
            "float32",
        )
        found.append(tensor.to_check(name, "data", "float32", coordinates - start, rows, columns))
    return found


def _fits_single(engine: Engine) -> bool:
    """Return whether float32 can hold all numbers of a step, and their squares."""
    buffers, largest = engine.buffers, float(np.finfo(np.float32).max)
    numbers = max(float(np.abs(values).max(initial=0.0)) for values in (buffers.z, buffers.h, buffers.d, engine.grad))
    return bool(numbers < np.sqrt(largest) / len(engine.train.x))


@dataclass(frozen=True)
class _Tensor:
    """The coordinates of a tensor, and what they are compared with."""

    analytic: Vector
    numeric: Vector
    error: Vector  # of both together
    corner: NDArray[np.bool_]
    floor: float  # a smaller gradient is measured against this
    dtype: Dtype = "float64"

    @property
    def gap(self) -> Vector:
        gap = np.abs(self.analytic - self.numeric)
        return np.where(np.isnan(gap), np.inf, gap)

    @property
    def size(self) -> Vector:
        return np.fmax(np.abs(self.analytic), np.abs(self.numeric))

    @property
    def resolved(self) -> NDArray[np.bool_]:
        return (self.error <= RESOLVED * self.size) & (self.size > 0)

    @property
    def explained(self) -> NDArray[np.bool_]:
        return self.gap <= AGAIN * self.error

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return ~self.explained & (self.gap > DOUBTFUL * self.size) & (self.error < TOLD * self.size)

    @property
    def relative(self) -> Vector:
        """The relative error of what was compared; that of a wrong number is measured against itself."""
        size = np.where(self.wrong, self.size, np.fmax(self.size, self.floor))
        return np.where(self.resolved | self.wrong, self.gap / np.fmax(size, np.finfo(np.float64).tiny), 0.0)

    @property
    def worst(self) -> int:
        return int(np.argmax(self.relative)) if self.relative.any() else self.largest

    @property
    def largest(self) -> int:
        return int(np.argmax(np.where(np.isfinite(self.error), self.size, -1.0)))

    @property
    def verdict(self) -> Verdict:
        if self.wrong.any():
            return "wrong"
        if not self.resolved.any():
            return "not checked"
        if self.relative.max() <= GOOD_BY_ROUNDING[self.dtype] and self.explained[self.resolved].all():
            return "good"
        gap = float(self.relative[~self.explained].max(initial=0.0))
        return "fair" if gap <= FAIR else "doubtful"

    def to_check(
        self,
        name: str,
        term: str,
        dtype: Dtype,
        places: NDArray[np.int64],
        rows: int,
        columns: int,
        sweep: tuple[tuple[float, float], ...] = (),
    ) -> TensorCheck:
        worst = self.worst
        place = int(places[worst])
        left = ~(self.resolved | self.wrong)
        return TensorCheck(
            name=name,
            term=term,
            dtype=dtype,
            checked=int((~left).sum()),
            corners=int((left & self.corner).sum()),
            unresolved=int((left & ~self.corner).sum()),
            error=float(self.relative[worst]),
            index=divmod(place, columns) if rows else (place,),
            analytic=float(self.analytic[worst]),
            numeric=float(self.numeric[worst]),
            verdict=self.verdict,
            sweep=sweep,
        )
