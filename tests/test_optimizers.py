"""Update rules and schedules against their sources' formulas."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.optimizers import Optimizer
from nntrain.registry import members
from nntrain.schedules import Schedule
from tests.helpers import make
from tests.reference import optimizers as twins

OPTIMIZERS = members(Optimizer)
STEPS, SIZE = 200, 20


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("changed", [False, True])
def test_an_update_rule_is_its_twin(name: str, changed: bool) -> None:
    """On a badly conditioned quadratic, in float64, with the default and with other hyper-parameters."""
    keys = {key: value.default for key, value in OPTIMIZERS[name].model_fields.items() if key != "name"}
    if changed:
        keys = {key: value * 0.7 for key, value in keys.items()}
    optimizer, twin = make(Optimizer, name, **keys), getattr(twins, name)(**keys)
    curvature = np.logspace(-3, 1, SIZE)
    theta = np.linspace(-1, 1, SIZE)
    expected = theta.copy()
    state, update = np.zeros((optimizer.state_rows, SIZE)), optimizer.update[np.dtype(np.float64)]
    next(twin)
    for k in range(1, STEPS + 1):
        update(theta, curvature * theta, state, np.array(optimizer.hyper(), np.float64), optimizer.lr, k)
        expected += twin.send(curvature * expected)
        np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-14)
    assert np.abs(theta - np.linspace(-1, 1, SIZE)).max() > 1e-3  # it went somewhere


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_descends(name: str) -> None:
    optimizer = make(Optimizer, name, lr=0.05)
    theta, state = np.ones(3), np.zeros((optimizer.state_rows, 3))
    update = optimizer.update[np.dtype(np.float64)]
    for k in range(1, 1001):
        update(theta, theta.copy(), state, np.array(optimizer.hyper(), np.float64), optimizer.lr, k)
    assert np.abs(theta).max() < 1e-3


def test_float32_is_float64_rounded() -> None:
    """No hyper-parameter turns float32 into float64 or the other way round."""
    for name in OPTIMIZERS:
        optimizer = make(Optimizer, name)
        thetas: list[NDArray[Any]] = []
        for dtype in (np.float32, np.float64):
            theta, state = np.ones(5, dtype), np.zeros((optimizer.state_rows, 5), dtype)
            grad = np.linspace(-1, 1, 5).astype(dtype)
            optimizer.update[np.dtype(dtype)](theta, grad, state, np.array(optimizer.hyper(), np.float64), 0.01, 1)
            thetas.append(theta)
        assert thetas[0].dtype == np.float32
        np.testing.assert_allclose(thetas[0], thetas[1], rtol=1e-6)


def test_constant_schedule() -> None:
    assert (make(Schedule, "constant").factors(np.arange(5), 3) == 1).all()


def test_cooling_is_one_over_one_plus_eps_k() -> None:
    """L: eta / (1 + eps k), where k counts steps or epochs."""
    steps = np.array([0, 1, 10, 100])
    per_step = make(Schedule, "cooling", eps=0.1, per="step").factors(steps, 7)
    np.testing.assert_allclose(per_step, [1, 1 / 1.1, 1 / 2, 1 / 11], rtol=1e-15)
    per_epoch = make(Schedule, "cooling", eps=0.1, per="epoch").factors(steps, 10)
    assert (per_epoch == 0.5).all()
