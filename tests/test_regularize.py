"""Penalties, weight decay and clipping, from the recipe to the step."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.diagnostics.small import small_plan
from nntrain.losses import Loss
from nntrain.network.regularize import regularize
from nntrain.optimizers import Optimizer
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded
from nntrain.training.measurements import statistics
from nntrain.training.settings import Regularization
from tests.helpers import built, compiled, make, relative_error, run
from tests.recorded.problems import PROBLEMS, START, STEPS, rate
from tests.test_gradients import central
from tests.test_optimizers import TENSORS

LR = 0.1
RECORDED = json.loads((Path(__file__).parent / "recorded" / "regularize.json").read_text())["cases"]


def engine_of(optimizer: dict[str, Any] | str = "sgd", **regularization: Any) -> Engine:
    return Engine(
        built(
            {
                "data": {"source": {"name": "friedman1", "rows": 20}, "validation": 0, "test": 0},
                "model": {"hidden": [4], "activation": "tanh", "bias_initializer": {"name": "normal", "scale": 0.5}},
                "optimizer": optimizer,
                "regularization": regularization,
                "training": {"batch_size": "full", "dtype": "float64"},
            }
        ).plan
    )


def step(engine: Engine, rate: float) -> float:
    (loss,) = engine.take_steps(np.arange(len(engine.train.x)), 0, np.array([rate]))
    return float(loss)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.7), (0.2, 0.1)])
def test_the_penaltys_gradient(l1: float, l2: float, biases: bool) -> None:
    """What is descended is the loss and the penalty together; what is reported is the loss alone."""
    engine, plain = engine_of(l1=l1, l2=l2, biases=biases), engine_of()
    theta, mask = engine.theta.copy(), engine.plan.network.penalized(biases)

    def objective(at: np.ndarray[Any, Any]) -> float:
        plain.theta[:] = at
        return step(plain, 0.0) + l1 * float(np.abs(mask * at).sum()) + l2 / 2 * float((mask * at**2).sum())

    reported = step(engine, 0.0)
    assert reported == step(plain, 0.0)
    assert relative_error(engine.grad, central(objective, theta)) < 1e-8


@pytest.mark.parametrize("biases", [False, True])
def test_weight_decay_shrinks_weights_beside_the_step(biases: bool) -> None:
    engine, plain = engine_of(weight_decay=0.5, biases=biases), engine_of()
    before = engine.theta.copy()
    step(engine, LR)
    step(plain, LR)
    expected = plain.theta - LR * 0.5 * engine.plan.network.penalized(biases) * before
    np.testing.assert_allclose(engine.theta, expected, rtol=1e-13)


def test_adamw_is_adam_with_decay() -> None:
    engines = [engine_of("adamw"), engine_of("adam", weight_decay=0.01), engine_of("adam")]
    for engine in engines:
        step(engine, LR)
    np.testing.assert_array_equal(engines[0].theta, engines[1].theta)
    assert (engines[0].theta != engines[2].theta).any()


def test_clipping_by_norm_keeps_the_direction() -> None:
    plain, engine = engine_of(), engine_of(clip_norm=0.25)
    step(plain, LR)
    step(engine, LR)
    assert np.linalg.norm(plain.grad) > 0.25
    assert np.linalg.norm(engine.grad) == pytest.approx(0.25, rel=1e-12)
    np.testing.assert_allclose(engine.grad, plain.grad * 0.25 / np.linalg.norm(plain.grad), rtol=1e-12)
    assert engine.clipped == 1


def test_clipping_by_value_bounds_each_number() -> None:
    plain, engine = engine_of(), engine_of(clip_value=0.05)
    step(plain, LR)
    step(engine, LR)
    np.testing.assert_array_equal(engine.grad, np.clip(plain.grad, -0.05, 0.05))
    assert engine.clipped == 1


def test_nothing_is_clipped_that_is_small_enough() -> None:
    plain, engine = engine_of(), engine_of(clip_norm=1e6, clip_value=1e6)
    step(plain, LR)
    step(engine, LR)
    np.testing.assert_array_equal(engine.grad, plain.grad)
    assert engine.clipped == 0


def test_a_huge_gradient_is_clipped_too() -> None:
    """Its square would overflow."""
    from nntrain.network.regularize import CLIP_NORM, PENALTIES, clip

    penalty = np.zeros(PENALTIES)
    penalty[CLIP_NORM] = 1.0
    grad = np.array([3e200, -4e200])
    assert clip(grad, penalty)
    np.testing.assert_allclose(grad, [0.6, -0.8], rtol=1e-12)


@pytest.mark.parametrize("case", RECORDED)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_penalty_and_clipping_are_in_the_order_of_the_reference_library(case: str, problem: str) -> None:
    recorded = RECORDED[case]
    optimizer, settings = make(Optimizer, **recorded["optimizer"]), Regularization(**recorded["keys"], biases=True)
    plan = replace(small_plan(make(Activation, "tanh"), make(Loss, "mse")), regularization=settings)
    theta, state = START.copy(), np.zeros((optimizer.state_rows, START.size))
    update, hyper = optimizer.update[theta.dtype], np.array(optimizer.hyper())
    clipped = 0
    for k in range(1, STEPS + 1):
        gradient = PROBLEMS[problem](theta)
        clipped += compiled(regularize)(TENSORS, theta, gradient, plan.penalty, gradient[:0], False)[0]
        update(theta, gradient, state, TENSORS, hyper, rate(optimizer.lr, k), k, 0, theta.size)
        if str(k) in recorded[problem]:
            # torch adds 1e-6 to the norm
            exact = 1e-5 if case.startswith("torch") and case.endswith("norm") else 1e-9
            assert relative_error(theta - START, np.array(recorded[problem][str(k)]) - START) < exact, k
    assert clipped > 0


def test_a_gradient_that_is_clipped_first_is_told_with_its_penalty_and_unclipped() -> None:
    plain, engine = engine_of(l2=0.5), engine_of(l2=0.5, clip_norm=1e-3, clip_first=True)
    step(plain, 0.0)
    step(engine, 0.0)
    assert engine.gradient_norm == pytest.approx(plain.gradient_norm, rel=1e-14)
    penalty = 0.5 * engine.plan.network.penalized(biases=False) * engine.theta
    assert np.linalg.norm(engine.grad - penalty) == pytest.approx(1e-3, rel=1e-9)


def test_the_share_of_clipped_steps_is_reported() -> None:
    recipe = {"data": {"source": "moons"}, "model": {"hidden": [8]}, "training": {"epochs": 40}}
    shares = {}
    for bound in (1e-6, 0.2, 1e6):
        _, events = run({**recipe, "regularization": {"clip_norm": bound}})
        shares[bound] = [event.clipped for event in events if isinstance(event, EpochEnded)][-1]
    assert shares[1e-6] == 1
    assert shares[1e6] == 0
    assert 0 < (shares[0.2] or 0) < 1
    _, events = run(recipe)
    assert all(event.clipped is None for event in events if isinstance(event, EpochEnded))


@pytest.mark.parametrize("bound", [{"clip_norm": 1e-3}, {"clip_value": 1e-4}])
def test_the_norms_that_are_told_are_those_before_clipping(bound: dict[str, Any]) -> None:
    """S: a cliff is seen by its gradient; and K's condition |grad L| < tol is no matter of clipping."""
    plain, clipped = engine_of(l2=0.1), engine_of(l2=0.1, **bound)
    for engine in (plain, clipped):
        step(engine, 0.0)
    assert np.linalg.norm(clipped.grad) < 0.01 < plain.gradient_norm
    assert clipped.gradient_norm == plain.gradient_norm == pytest.approx(np.linalg.norm(plain.grad), rel=1e-14)
    of_layers = [[layer.gradient_norm for layer in statistics(engine).layers] for engine in (plain, clipped)]
    assert of_layers[0] == of_layers[1]
    assert np.linalg.norm(of_layers[0]) == pytest.approx(plain.gradient_norm)


def test_the_gradient_norm_of_numbers_that_are_none_is_none() -> None:
    from nntrain.network.regularize import norm_of

    assert np.isnan(compiled(norm_of)(np.array([np.nan, 1.0])))


def test_a_penalty_keeps_weights_small() -> None:
    recipe = {"data": {"source": "moons"}, "model": {"hidden": [8]}}
    sizes = [
        np.linalg.norm(run({**recipe, "regularization": regularization})[0].theta)
        for regularization in ({}, {"l2": 0.1}, {"l1": 0.05}, {"weight_decay": 1.0})
    ]
    assert all(size < 0.8 * sizes[0] for size in sizes[1:])
