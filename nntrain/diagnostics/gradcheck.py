"""The gradient check: backpropagation against central differences of the loss, in float64.

A number of the gradient is compared with (L(w + h) - L(w - h)) / 2h, for several h: the error falls with h² until
rounding, which grows as 1/h, takes over; that is the V of the sweep. Where a step crosses a corner of an activation or
of the loss, the difference means nothing: such coordinates are counted apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Part
from nntrain.diagnostics.layers import bare
from nntrain.errors import DivergedError, Problem
from nntrain.network.regularize import L1, L2
from nntrain.optimizers.lbfgs import LBFGS
from nntrain.random import stream
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.training.search import iterations
from nntrain.training.settings import Regularization

Vector = NDArray[np.float64]
Verdict = Literal["good", "fair", "doubtful", "wrong"]

STEP = 6e-6  # near the cube root of the rounding error: where the V has its bottom for numbers of ordinary size
SWEEP = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
MOST_ROWS, MOST_COORDINATES = 32, 60  # of the data, and of each tensor
GOOD, FAIR, DOUBTFUL = 1e-7, 1e-4, 1e-2  # the usual thresholds of the relative error
# Of the largest number of a tensor, and of all: smaller ones are measured against this. A bias before batch norm, whose
# gradient is 0, would else be found wrong by the rounding of the difference.
SMALL, SMALL_IN_ALL = 1e-4, 1e-5
ATOL, RTOL = 1e-5, 1e-3  # of torch.autograd.gradcheck


@dataclass(frozen=True)
class TensorCheck:
    """What was found in one of a network's arrays.

    Attributes:
        name: such as ``1 weights``.
        term: ``data`` or ``penalty``: the loss itself, or what regularises.
        checked: coordinates that were compared.
        corners: coordinates left out because the step crossed a corner.
        error: the worst relative error, |a - n| / max(|a|, |n|).
        index: where that is, as (row, column) of weights or (unit,) of biases.
        analytic: backpropagation's number there.
        numeric: the difference quotient there.
        verdict: by the usual thresholds.
        close: torch's rule for all coordinates: |a - n| <= 1e-5 + 1e-3 |n|.
        sweep: the relative error for each h: of the worst coordinate if it is wrong, else of the largest gradient.
    """

    name: str
    term: str
    checked: int
    corners: int
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    verdict: Verdict
    close: bool
    sweep: tuple[tuple[float, float], ...]

    @property
    def failed(self) -> bool:
        """Whether the gradient is wrong by either rule."""
        return self.verdict == "wrong" or not self.close


def check(
    plan: Plan, theta: Vector | None = None, tamper: Callable[[Engine, Vector], Vector] | None = None
) -> list[TensorCheck]:
    """Check the gradient of each array of a plan's network, on some rows of its training data.

    Args:
        plan: what is checked.
        theta: the parameters to check at; None for the first ones.
        tamper: changes the gradient before it is checked, to see whether the check would notice.
    """
    bare = Engine(_for_checking(plan, Regularization()))
    theta = bare.theta.copy() if theta is None else theta.astype(np.float64)
    loss = _Loss(bare)
    analytic = loss.gradient(theta)
    if tamper is not None:
        analytic = tamper(bare, analytic)
    found = _compared(plan, "data", loss, theta, analytic)
    settings = plan.regularization
    if settings.l1 or settings.l2:
        penalised = _Loss(Engine(_for_checking(plan, settings)))
        difference = penalised.gradient(theta) - loss.gradient(theta)
        found += _compared(plan, "penalty", _Penalty(plan), theta, difference)
    return found


def after_steps(plan: Plan, steps: int) -> Vector:
    """Return the parameters after some steps of training as the plan has it, on the rows that are checked.

    Raises:
        DivergedError: if a number ceases to be finite before that.
    """
    settings = plan.regularization
    engine = Engine(replace(_for_checking(plan, settings), optimizer=plan.optimizer, regularization=settings))
    rows = np.arange(len(engine.train.x))
    if isinstance(plan.optimizer, LBFGS):
        for theta, _ in iterations(engine, plan.optimizer, steps):
            engine.theta[: theta.size] = theta
        return engine.theta.copy()
    for k in range(steps):
        taken = engine.take(rows, k, np.array([plan.optimizer.lr]))
        if not taken.size or not np.isfinite(engine.theta).all():
            what = f"training diverged at step {k + 1}: there is nothing to check after {steps} steps"
            raise DivergedError(Problem("gradcheck", what, "try fewer steps (--steps), or a smaller optimizer.lr"))
    return engine.theta.copy()


class _Loss:
    """The loss as a function of the parameters, and which side of every corner it was computed on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rows = np.arange(len(engine.train.x))
        layers = engine.plan.network.layers
        self._corners = [layer.activation.corners for layer in layers]
        self._widths = [layer.n_out for layer in layers]

    def __call__(self, theta: Vector) -> float:
        self.engine.theta[:] = theta
        losses = self.engine.take(self._rows, 0, np.zeros(1))  # a step of rate 0, taken if it is finite
        return float(losses[0]) if losses.size else np.nan

    def gradient(self, theta: Vector) -> Vector:
        self(theta)
        return self.engine.grad.copy()

    def side(self) -> NDArray[np.bool_]:
        """Return on which side of each corner the numbers of the last call are."""
        sides, start, rows = [], 0, self._rows.size
        for corners, width in zip(self._corners, self._widths, strict=True):
            stop = start + rows * width
            sides += [self.engine.buffers.z[start:stop] > corner for corner in corners]
            start = stop
        if self.engine.plan.loss.has_corners:
            last = self.engine.buffers.d[start - rows * self._widths[-1] : start]
            sides += [last > 0, last < 0]
        return np.concatenate(sides) if sides else np.zeros(0, np.bool_)


class _Penalty:
    """The penalty as a function of the parameters."""

    def __init__(self, plan: Plan) -> None:
        self._numbers = plan.penalty
        self._mask = plan.network.penalised(plan.regularization.biases)
        self._side = np.zeros(0, np.bool_)

    def __call__(self, theta: Vector) -> float:
        w = self._mask * theta[: self._mask.size]
        self._side = w > 0
        return float(self._numbers[L1] * np.abs(w).sum() + self._numbers[L2] / 2 * (w * w).sum())

    def side(self) -> NDArray[np.bool_]:
        """Return the sign of each weight."""
        return self._side


def _for_checking(plan: Plan, regularization: Regularization) -> Plan:
    train = plan.data.train
    part = Part(train.x[:MOST_ROWS], train.y[:MOST_ROWS])
    return replace(bare(plan, part, "float64"), network=plan.network, regularization=_penalties(regularization))


def _penalties(regularization: Regularization) -> Regularization:
    """Return the penalties alone: clipping and decay are no part of a gradient."""
    return Regularization(l1=regularization.l1, l2=regularization.l2, biases=regularization.biases)


def _compared(plan: Plan, term: str, f: _Loss | _Penalty, theta: Vector, analytic: Vector) -> list[TensorCheck]:
    found = []
    names = _names(plan)
    for number, (start, rows, columns) in enumerate(plan.network.tensors()):
        size = max(rows, 1) * columns
        random = stream(plan.seed, "gradcheck", number)
        coordinates = start + np.sort(random.permutation(size)[:MOST_COORDINATES])
        largest = float(np.abs(analytic[start : start + size]).max(initial=0.0))
        floor = max(SMALL * largest, SMALL_IN_ALL * float(np.abs(analytic).max(initial=0.0)))
        compared = [_coordinate(f, theta, int(i), STEP) for i in coordinates]
        numeric = np.array([quotient for quotient, _ in compared])
        crossed = np.array([corner for _, corner in compared])
        errors = np.where(crossed, 0.0, _relative(analytic[coordinates], numeric, floor))
        worst = int(np.argmax(errors))
        close = np.abs(analytic[coordinates] - numeric) <= ATOL + RTOL * np.abs(numeric)
        at, sizes = int(coordinates[worst]), np.where(crossed, -1.0, np.abs(analytic[coordinates]))
        swept = worst if errors[worst] > FAIR else int(np.argmax(sizes))  # of a gradient near 0 all is rounding
        found.append(
            TensorCheck(
                name=names[number],
                term=term,
                checked=int((~crossed).sum()),
                corners=int(crossed.sum()),
                error=float(errors[worst]),
                index=divmod(at - int(start), int(columns)) if rows else (at - int(start),),
                analytic=float(analytic[at]),
                numeric=float(numeric[worst]),
                verdict=_verdict(float(errors[worst])),
                close=bool((close | crossed).all()),
                sweep=() if crossed.all() else _sweep(f, theta, analytic, int(coordinates[swept]), floor),
            )
        )
    return found


def _names(plan: Plan) -> list[str]:
    layers = enumerate(plan.network.layers, start=1)
    return [f"{index} {name}" for index, layer in layers for name in layer.learnt]


def _coordinate(f: _Loss | _Penalty, theta: Vector, i: int, h: float) -> tuple[float, bool]:
    """Return the difference quotient at coordinate ``i``, and whether the step crossed a corner.

    The step is ``h``, relative to a parameter beyond 1: added to a large one, a small step would be lost.
    """
    at, h = theta.copy(), h * max(1.0, abs(float(theta[i])))
    at[i] = theta[i] + h
    upper, above = f(at), f.side().copy()
    at[i] = theta[i] - h
    lower, below = f(at), f.side()
    return (upper - lower) / (2 * h), bool((above != below).any())


def _sweep(
    f: _Loss | _Penalty, theta: Vector, analytic: Vector, i: int, floor: float
) -> tuple[tuple[float, float], ...]:
    numeric = np.array([_coordinate(f, theta, i, h)[0] for h in SWEEP])
    return tuple(zip(SWEEP, _relative(analytic[i], numeric, floor).tolist(), strict=True))


def _relative(analytic: Vector | float, numeric: Vector, floor: float) -> Vector:
    size = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), max(floor, 1e-12))
    return np.asarray(np.abs(analytic - numeric) / size)


def _verdict(error: float) -> Verdict:
    if error <= GOOD:
        return "good"
    if error <= FAIR:
        return "fair"
    return "doubtful" if error <= DOUBTFUL else "wrong"
