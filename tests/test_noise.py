"""Noise on the inputs: its distribution, where it comes and where it does not, and what it does to a linear model."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from nntrain.layers.dropout import step_key
from nntrain.layers.noise import add_noise
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, compiled


def noise(key: int, shape: tuple[int, int] = (101, 99)) -> np.ndarray[Any, Any]:
    x = np.zeros(shape)
    compiled(add_noise)(x, 2.0, key)
    return x


def test_it_is_gaussian() -> None:
    draws = noise(step_key(3, 7))
    assert stats.kstest(draws.ravel() / 2, stats.norm.cdf).pvalue > 0.01
    assert abs(np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]) < 4 / 100
    assert abs(np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]) < 4 / 100


def test_steps_and_seeds_have_other_noise() -> None:
    first = noise(step_key(0, 1)).ravel()
    assert (noise(step_key(0, 1)).ravel() == first).all()
    for key in (step_key(0, 2), step_key(1, 1)):
        assert abs(np.corrcoef(first, noise(key).ravel())[0, 1]) < 4 / 100


@pytest.mark.parametrize("batch_size", [8, "full"])
def test_the_data_stay_as_they_are_and_evaluation_has_no_noise(batch_size: int | str) -> None:
    recipe = {"data": {"source": "moons"}, "training": {"batch_size": batch_size}}
    noisy = Engine(built({**recipe, "regularization": {"input_noise": 0.5}}).plan)
    plain = Engine(built(recipe).plan)
    order = np.arange(len(plain.train.x))
    rate = np.full(1 if batch_size == "full" else 10, 0.001)
    assert (noisy.take_steps(order, 0, rate)[0] != plain.take_steps(order, 0, rate)[0]).all()
    assert (noisy.train.x == plain.train.x).all()
    noisy.theta[:] = plain.theta
    assert noisy.scores() == plain.scores()


def test_of_a_linear_model_it_is_a_penalty_on_large_weights() -> None:
    """Bishop 1995: the mean gradient over the noise is that of MSE with l2 = 2 deviation² / outputs."""
    deviation = 0.3
    engines = [
        Engine(
            built(
                {
                    "data": {"source": {"name": "friedman1", "rows": 40}, "validation": 0, "test": 0},
                    "model": {"hidden": []},
                    "optimizer": "sgd",
                    "regularization": regularization,
                    "training": {"batch_size": "full", "dtype": "float64"},
                }
            ).plan
        )
        for regularization in ({"input_noise": deviation}, {"l2": 2 * deviation**2})
    ]
    noisy, penalized = engines
    for engine in engines:
        engine.theta[:10] = 1
    gradients = [noisy.loss_and_gradient(done=k)[1].copy() for k in range(20_000)]
    penalized.loss_and_gradient()
    error = np.std(gradients, axis=0) / np.sqrt(len(gradients))
    assert (np.abs(np.mean(gradients, axis=0) - penalized.grad) < 4 * error).all()
    assert (2 * deviation**2 > 10 * error[:10]).all()  # the penalty is large enough to be seen


def test_a_float32_network_of_an_odd_size_has_it_too() -> None:
    x = np.zeros((1, 3), np.float32)
    compiled(add_noise)(x, 1.0, 5)
    assert x.dtype == np.float32
    assert (x != 0).all()


def test_lbfgs_refuses_it(nntrain: CommandLine) -> None:
    text = "data: {source: iris}\noptimizer: lbfgs\nregularization: {input_noise: 0.1}\n"
    refused = nntrain("fit", "-", stdin=text)
    assert refused.status == 2
    assert "3:18: regularization.input_noise: lbfgs needs" in refused.err
