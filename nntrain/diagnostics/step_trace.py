"""Optimizer steps on one sample, number by number: gradient, state, bias corrections, update, new weights.

The steps are those of the compiled rule. What a rule does not store is derived from the numbers before and after it:
the update, the bias-corrected averages, and the effective learning rate.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.diagnostics.probe import bare
from nntrain.errors import DivergedError, Place, Problem, bad_input
from nntrain.network.regularize import BIASES, DECAY
from nntrain.network.second_order import without_product
from nntrain.optimizers import Optimizer
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

Numbers = NDArray[Any]

LATE = 10**9  # a step at which all bias corrections are 1
UNCORRECTED = ("adam", "adamw", "adamax", "amsgrad", "adabelief")  # the step number has no other effect


@dataclass(frozen=True)
class ArrayStep:
    """A step of one of the network's arrays; all arrays have its shape.

    Attributes:
        layer: label of its layer, such as ``1 dense 2→3 relu``.
        name: such as ``weights``.
        before: the parameters before the step.
        gradient: as the rule gets it, with penalties and clipped.
        state: the optimizer's state vectors after the step, by name.
        corrected: bias-corrected state, by name, such as ``m_hat``.
        decay: what decoupled weight decay subtracts; None without it.
        update: what the rule subtracts.
        effective_lr: the update divided by ``m_hat``, or by the gradient if there is no ``m_hat``; NaN where that is 0.
        after: the parameters after the step.
    """

    layer: str
    name: str
    before: Numbers
    gradient: Numbers
    state: Mapping[str, Numbers]
    corrected: Mapping[str, Numbers]
    decay: Numbers | None
    update: Numbers
    effective_lr: Numbers
    after: Numbers


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        number: the step, counted from 1.
        lr: learning rate.
        corrections: bias corrections by state vector, such as ``{"m": 0.1}`` for 1 - beta1^k.
        loss: before the step.
        new_loss: after it.
        arrays: in the order of the layers.
    """

    number: int
    lr: float
    corrections: Mapping[str, float]
    loss: float
    new_loss: float
    arrays: tuple[ArrayStep, ...]


def take_steps(plan: Plan, row: int, steps: int, theta: Numbers | None = None, correct: bool = True) -> list[Step]:
    """Take steps of a plan's optimizer on one row of its training split, from empty optimizer state.

    The steps are taken in float64, at the optimizer's learning rate without a schedule, with the plan's penalties,
    clipping, weight decay and SAM.

    Args:
        plan: network, loss, optimizer and data.
        row: row to train on, counted from 1.
        steps: number of steps.
        theta: initial parameters; None for the plan's own.
        correct: False to leave out bias corrections.

    Raises:
        InputError: if the optimizer does not take steps, or has no bias corrections to leave out.
        DivergedError: if a number is not finite.
    """
    _check(plan, correct)
    first = Engine(plan).theta if theta is None else theta
    train = plan.data.train
    split = Split(train.x[row - 1 : row], train.y[row - 1 : row])
    alone = bare(plan, split, "float64")
    training = alone.training.model_copy(update={"sam": plan.training.sam})
    engine = Engine(replace(alone, optimizer=plan.optimizer, regularization=plan.regularization, training=training))
    engine.theta[:] = first
    return list(_steps(engine, steps, 0 if correct else LATE))


def state_names(optimizer: type[Optimizer]) -> tuple[str, ...]:
    """Return the names of an optimizer's state vectors in its source; ``state 1`` and so on if they have none."""
    names = {number: f"state {number + 1}" for number in range(optimizer.state_rows)}
    source = textwrap.dedent(inspect.getsource(optimizer.update.function))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            else:
                pairs = [(target, value)]
            for name, row in pairs:
                if isinstance(name, ast.Name) and (number := _row(row)) in names:
                    names[number] = name.id
    return tuple(names.values())


def _row(node: ast.expr) -> int:
    """Return the index of the state vector that an expression denotes; -1 if it is something else."""
    match node:
        case ast.Subscript(value=ast.Name(id="state"), slice=ast.Constant(value=int(number))):
            return number
    return -1


def _check(plan: Plan, correct: bool) -> None:
    optimizer = plan.optimizer
    if optimizer.full_batch:
        what = f"{optimizer.name} takes no steps of its own on a gradient"
        raise bad_input("trace --step", what, "choose another one, such as --optimizer adam")
    if optimizer.curvature_row is not None and (missing := without_product(plan.network, plan.loss)) is not None:
        what = f"{optimizer.name} needs products with the Hessian, which nntrain does not compute for {missing}"
        raise bad_input("trace --step", what, "choose another one, such as --optimizer adam")
    if not correct and optimizer.name not in UNCORRECTED:
        what = f"the bias corrections of {optimizer.name} cannot be left out"
        has_some = optimizer.bias_corrections or getattr(optimizer, "use_bias_correction", False)
        what = what if has_some else f"{optimizer.name} has no bias corrections"
        raise bad_input("--no-bias-correction", what, f"use --optimizer with one of {', '.join(UNCORRECTED)}")


def _steps(engine: Engine, steps: int, done: int) -> Iterator[Step]:
    plan, order = engine.plan, np.arange(1)
    size, rate = engine.grad.size, plan.optimizer.lr
    for number in range(1, steps + 1):
        before = engine.theta.copy()
        losses = engine.take_steps(order, done + number - 1, np.array([rate]))
        if not losses.size or not engine.is_finite():
            what = f"diverged at step {number}: a number is not finite"
            raise DivergedError(Problem(Place("trace"), what, "use a smaller optimizer.lr"))
        corrections = {} if done else _corrections(plan.optimizer, number)
        state = dict(zip(state_names(type(plan.optimizer)), engine.state[:, :size].copy(), strict=False))
        gradient = engine.grad.copy()
        arrays = tuple(_arrays(plan, before[:size], engine.theta[:size].copy(), gradient, state, corrections))
        yield Step(number, rate, corrections, float(losses[0]), engine.score(engine.train).loss, arrays)


def _corrections(optimizer: Optimizer, step: int) -> dict[str, float]:
    k = step - optimizer.setup_steps
    if k < 1:
        return {}
    return {name: 1 - getattr(optimizer, key) ** k for name, key in optimizer.bias_corrections.items()}


def _arrays(
    plan: Plan,
    before: Numbers,
    after: Numbers,
    gradient: Numbers,
    state: Mapping[str, Numbers],
    corrections: Mapping[str, float],
) -> Iterator[ArrayStep]:
    corrected = {f"{name}_hat": state[name] / correction for name, correction in corrections.items()}
    decay = _decay(plan, before)
    update = before - after if decay is None else before - decay - after
    along = corrected.get("m_hat", gradient)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(along == 0, np.nan, update / along)
    layers = enumerate(plan.network.layers, start=1)
    names = [(f"{index} {layer.label}", name) for index, layer in layers for name in layer.trainable]
    for (layer, name), (start, rows, columns) in zip(names, plan.network.tensors().tolist(), strict=True):
        here, shape = slice(start, start + max(rows, 1) * columns), (rows, columns) if rows else (columns,)
        yield ArrayStep(
            layer,
            name,
            before[here].reshape(shape),
            gradient[here].reshape(shape),
            {key: values[here].reshape(shape) for key, values in state.items()},
            {key: values[here].reshape(shape) for key, values in corrected.items()},
            None if decay is None else decay[here].reshape(shape),
            update[here].reshape(shape),
            effective[here].reshape(shape),
            after[here].reshape(shape),
        )


def _decay(plan: Plan, before: Numbers) -> Numbers | None:
    """Return what decoupled weight decay subtracts from each parameter."""
    fraction = plan.penalty[DECAY]
    if fraction == 0:
        return None
    return np.asarray(plan.optimizer.lr * fraction * plan.network.penalized(bool(plan.penalty[BIASES])) * before)
