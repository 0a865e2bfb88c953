"""The gradient check: backpropagation against central differences of the loss, and float32's against float64's.

Each coordinate is compared with a difference quotient of its own step (nntrain.diagnostics.differences), and the gap is
judged against the quotient's error bound, which explains the gap of a correct gradient but not of a wrong one. A
coordinate whose bound is as large as the gradient is reported as unresolved; one whose steps cross a kink of an
activation or of the loss is counted separately.

The compiled float32 loops, which train, are checked against the float64 gradient within float32's rounding error
(nntrain.diagnostics.rounding).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.diagnostics.compared import SMALL_RELATIVE, TINY, Compared, Dtype, Tensor, TensorCheck
from nntrain.diagnostics.differences import Differences, Directions, Estimate, noise
from nntrain.diagnostics.function import Function, Loss, Penalty
from nntrain.diagnostics.probe import bare
from nntrain.diagnostics.rounding import rounding_stds
from nntrain.errors import DivergedError, Place, Problem
from nntrain.optimizers.lbfgs import LBFGS
from nntrain.training.engine import Engine
from nntrain.training.full_batch import iterations
from nntrain.training.plan import Plan
from nntrain.training.settings import Regularization
from nntrain.utils.random import stream

Vector = NDArray[np.float64]
Tamper = Callable[[Engine, Vector], Vector]

SWEEP = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
CHECK_ROWS, MAX_COORDINATES, NOISE_DIRECTIONS = 32, 60, 3
ROUNDING_STDS = 3.0  # bound on the rounding error, in standard deviations


@dataclass(frozen=True)
class Settings:
    """Options of a gradient check.

    Attributes:
        rows: maximum number of training samples.
        h: step of the differences, relative to max(1, |parameter|); None to choose one for each coordinate.
        dtypes: ``float64``: check against differences; ``float32``: check float32 against float64.
    """

    rows: int = CHECK_ROWS
    h: float | None = None
    dtypes: tuple[Dtype, ...] = ("float64", "float32")


DEFAULT_SETTINGS = Settings()


def check(
    plan: Plan, theta: Vector | None = None, tamper: Tamper | None = None, settings: Settings = DEFAULT_SETTINGS
) -> list[TensorCheck]:
    """Check the gradient of each array of a plan's network on some training samples.

    Args:
        plan: supplies data, network and loss.
        theta: the parameters; None for the initial ones.
        tamper: changes the float64 gradient before the check, to test whether the check notices.
        settings: samples, step and dtypes.
    """
    engine = Engine(_for_checking(plan, settings.rows))
    theta = engine.theta.copy() if theta is None else theta.astype(np.float64)
    found: list[TensorCheck] = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if "float64" in settings.dtypes:
            found += _double(plan, Loss(engine, theta), tamper, settings)
        if "float32" in settings.dtypes:
            found += _single(plan, theta, settings.rows)
    return found


def after_steps(plan: Plan, steps: int, rows: int = CHECK_ROWS) -> Vector:
    """Return the parameters after some training steps on the samples of the check.

    Raises:
        DivergedError: if a number becomes infinite or NaN.
    """
    bare_steps = _for_checking(plan, rows)
    trained = replace(bare_steps, loss=plan.loss, optimizer=plan.optimizer, regularization=plan.regularization)
    engine = Engine(trained)
    order = np.arange(len(engine.train.x))
    if isinstance(plan.optimizer, LBFGS):
        for theta, _ in iterations(engine, plan.optimizer, steps):
            engine.theta[: theta.size] = theta
        return engine.theta.copy()
    for k in range(steps):
        taken = engine.take_steps(order, k, np.array([plan.optimizer.lr]))
        if not taken.size or not np.isfinite(engine.theta).all():
            what = f"training diverged at step {k + 1}: there is nothing to check after {steps} steps"
            raise DivergedError(
                Problem(Place("gradcheck"), what, "try fewer steps (--steps), or a smaller optimizer.lr")
            )
    return engine.theta.copy()


def _for_checking(plan: Plan, rows: int, penalties: bool = False, dtype: Dtype = "float64") -> Plan:
    """Return a plan whose step computes the gradient of the loss alone, or of the penalties too."""
    ours = plan.regularization
    regularization = Regularization(l1=ours.l1, l2=ours.l2, biases=ours.biases) if penalties else Regularization()
    part = plan.data.train.take(slice(rows))
    loss = plan.loss.differentiable()
    return replace(bare(plan, part, dtype), network=plan.network, loss=loss, regularization=regularization)


def _tensors(plan: Plan) -> Iterator[Tensor]:
    layers = enumerate(plan.network.layers, start=1)
    names = [f"{index} {name}" for index, layer in layers for name in layer.trainable]
    for name, place in zip(names, plan.network.tensors().tolist(), strict=True):
        yield Tensor(name, *place)


def _double(plan: Plan, loss: Loss, tamper: Tamper | None, settings: Settings) -> list[TensorCheck]:
    """Check the float64 gradients of the loss and of the penalty, each against differences."""
    gradient = loss.gradient()
    rounding = ROUNDING_STDS * rounding_stds(loss.engine, np.dtype(np.float64), stream(plan.seed, "rounding"))
    analytic = gradient if tamper is None else tamper(loss.engine, gradient)
    found = _against_differences(plan, "data", loss, analytic, rounding, settings.h)
    if plan.regularization.l1 or plan.regularization.l2:
        penalized = Loss(Engine(_for_checking(plan, settings.rows, penalties=True)), loss.theta)
        difference, penalty = penalized.gradient() - gradient, Penalty(plan, loss.theta)
        found += _against_differences(plan, "penalty", penalty, difference, rounding, settings.h)
    return found


def _against_differences(
    plan: Plan, term: str, function: Function, analytic: Vector, rounding: Vector, h: float | None
) -> list[TensorCheck]:
    random = stream(plan.seed, "noise")
    deviation = max(noise(lambda at: function.at(at)[0], function.theta, random) for _ in range(NOISE_DIRECTIONS))
    lines, found = Directions(function.at, function.theta, deviation), []
    for number, tensor in enumerate(_tensors(plan)):
        chosen = np.sort(stream(plan.seed, "gradcheck", number).permutation(tensor.size)[:MAX_COORDINATES])
        coordinates = tensor.start + chosen
        estimates = [_estimate(lines.coordinate(int(i), h), float(analytic[i])) for i in coordinates]
        compared = Compared(
            tensor,
            coordinates,
            analytic[coordinates],
            np.array([estimate.value for estimate in estimates]),
            np.array([estimate.error for estimate in estimates]) + rounding[coordinates],
            float(np.abs(analytic[tensor.start : tensor.start + tensor.size]).max()),
            np.array([estimate.kink for estimate in estimates]),
            term=term,
        )
        found.append(compared.to_check(_sweep(lines, compared)))
    return found


def _estimate(differences: Differences, analytic: float) -> Estimate:
    """Return the best estimate, or one by smaller steps that agrees with the gradient."""
    best = differences.best()
    return best if abs(analytic - best.value) <= best.error else differences.supporting(analytic, best)


def _sweep(lines: Directions, compared: Compared) -> tuple[tuple[float, float], ...]:
    """Return the relative error of plain quotients for each step that crosses no kink."""
    wrong, sizes = compared.verdict in ("doubtful", "wrong"), np.abs(compared.analytic)
    swept, found = compared.worst if wrong else int(np.argmax(np.where(compared.right, sizes, -1.0))), []
    analytic, floor = float(compared.analytic[swept]), max(SMALL_RELATIVE * compared.largest, TINY)
    for h in SWEEP:
        numeric, rounding, crossed = lines.coordinate(int(compared.coordinates[swept]), h).quotient(0)
        if not crossed and np.isfinite(rounding):
            found.append((h, abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)))
    return tuple(found)


def _single(plan: Plan, theta: Vector, rows: int) -> list[TensorCheck]:
    """Check the float32 gradient against float64's, on the same float32 samples, targets and parameters."""
    part = plan.data.train.take(slice(rows))
    weights = None if part.weights is None else _as_single(part.weights)
    plan = replace(plan, data=replace(plan.data, train=Split(_as_single(part.x), _as_single(part.y), weights)))
    single = Loss(Engine(_for_checking(plan, rows, dtype="float32")), theta)
    double = Loss(Engine(_for_checking(plan, rows)), single.theta)
    analytic, numeric = single.gradient(), double.gradient()
    error = ROUNDING_STDS * rounding_stds(double.engine, np.dtype(np.float32), stream(plan.seed, "rounding"))
    error[~np.isfinite(analytic)] = 0.0 if _fits_single(double.engine) else np.inf
    found = []
    for tensor in _tensors(plan):
        here = slice(tensor.start, tensor.start + tensor.size)
        numbers = (analytic[here], numeric[here], error[here])
        coordinates, largest = np.arange(here.start, here.stop), float(np.abs(numeric[here]).max())
        found.append(Compared(tensor, coordinates, *numbers, largest, dtype="float32").to_check())
    return found


def _as_single(values: NDArray[Any]) -> NDArray[Any]:
    """Round numbers to float32; class indices are unchanged."""
    return values.astype(np.float32).astype(values.dtype)


def _fits_single(engine: Engine) -> bool:
    """Return whether float32 can represent all numbers of a step and their squares."""
    workspace, largest = engine.workspace, float(np.finfo(np.float32).max)
    numbers = max(
        float(np.abs(values).max(initial=0.0)) for values in (workspace.z, workspace.h, workspace.d, engine.grad)
    )
    return bool(numbers < np.sqrt(largest) / len(engine.train.x))
