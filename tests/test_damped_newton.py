"""Newton's method and Levenberg-Marquardt: their matrices, and where they go."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from nntrain.training.curvature_matrix import gauss_newton, hessian, jacobian
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Stopped
from nntrain.training.full_batch import search_of
from tests.helpers import CommandLine, built, finished, run

RECIPE: dict[str, Any] = {
    "data": {"source": {"name": "friedman1", "rows": 80}, "standardize_target": True, "validation": 0, "test": 0},
    "model": {"hidden": [4], "activation": "tanh"},
    "optimizer": "levenberg_marquardt",
    "training": {"epochs": 200, "dtype": "float64"},
}
CONVEX = {
    "data": {"source": "iris", "validation": 0, "test": 0},
    "model": {"hidden": []},
    "regularization": {"l2": 0.01, "biases": True},
    "training": {"epochs": 50, "dtype": "float64"},
}


def test_the_jacobian_is_that_of_the_outputs() -> None:
    engine = Engine(built({**RECIPE, "data": {"source": "iris"}, "model": {"hidden": [3]}}).plan)
    engine.loss_and_gradient()
    found, theta, step = jacobian(engine), engine.theta.copy(), 1e-6
    for p in range(engine.grad.size):
        outputs = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[p] += sign * step
            outputs.append(engine.outputs(engine.train, moved).copy())
        np.testing.assert_allclose(found[:, :, p], (outputs[0] - outputs[1]) / (2 * step), atol=1e-8)


def test_without_hidden_layers_the_gauss_newton_matrix_is_the_hessian() -> None:
    engine = Engine(built({**CONVEX, "optimizer": "newton"}).plan)
    engine.loss_and_gradient()
    np.testing.assert_allclose(gauss_newton(engine), hessian(engine), rtol=1e-10, atol=1e-14)


def test_it_finds_the_least_squares_that_scipy_finds() -> None:
    """One unit, whose minimum is unique but for signs; SciPy starts near it."""
    x = np.linspace(-2, 2, 20)
    o = 2 * np.tanh(1.5 * x + 0.5) - 1 + 0.1 * np.sin(7 * x)
    source = {"name": "given", "x": x[:, None].tolist(), "o": o.tolist()}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    recipe = {**RECIPE, "data": data, "model": {"hidden": [1], "activation": "tanh"}}
    engine = Engine(built(recipe).plan)

    def residuals(theta: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray(engine.outputs(engine.train, theta) - engine.train.target).ravel()

    trained, events = run(recipe)
    start = trained.theta + 0.01 * np.sin(np.arange(trained.theta.size))
    expected = least_squares(residuals, start, method="lm")
    np.testing.assert_allclose(trained.theta, expected.x, rtol=1e-5)
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    assert losses == sorted(losses, reverse=True)
    loss = float(np.square(residuals(trained.theta)).mean())
    assert loss == pytest.approx(2 * expected.cost / len(engine.train.x), rel=1e-6)


@pytest.mark.parametrize("name", ["newton", "levenberg_marquardt"])
def test_digits_double_near_a_minimum(name: str) -> None:
    engine = Engine(built({**CONVEX, "optimizer": {"name": name, "tolerance": 1e-13}}).plan)
    search = search_of(engine)
    assert search is not None
    norms = []
    for theta, _ in islice(search, 30):
        engine.theta[: theta.size] = theta
        norms.append(float(np.linalg.norm(engine.loss_and_gradient()[1])))
    assert norms[-1] < 1e-12
    assert len(norms) < 12
    last = [norm for norm in norms if norm > 1e-10][-2:]
    assert last[1] < 10 * last[0] ** 1.5


@pytest.mark.parametrize("name", ["newton", "levenberg_marquardt"])
def test_a_network_converges(name: str) -> None:
    recipe = {**RECIPE, "optimizer": name, "regularization": {"l2": 0.01}}
    engine, events = run(recipe)
    assert finished(events).stopped is Stopped.CONVERGED
    assert finished(events).epochs < 100
    assert np.linalg.eigvalsh(hessian(engine)).min() > -1e-6  # a minimum


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("model: {hidden: [100, 100]}", "found 10,903 parameters, allowed 2,000"),
        ("model: {hidden: [4], norm: batch}", "does not compute for batch norm"),
        ("training: {batch_size: 32}", "newton needs the gradient of all rows"),
        ("data: {source: {name: blobs, rows: 20000}}\nmodel: {hidden: [100, 15]}", "derivatives"),
    ],
)
def test_what_it_cannot_do_is_refused(nntrain: CommandLine, section: str, words: str) -> None:
    data = "" if section.startswith("data") else "data: {source: iris}\n"
    refused = nntrain("fit", "-", stdin=f"{data}optimizer: newton\n{section}\n")
    assert refused.status == 2
    assert words in refused.err
