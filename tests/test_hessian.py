"""Exact products with the Hessian: against central differences of gradients, and as optimizers use them."""

from typing import Any

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.diagnostics.curvature import curvature
from nntrain.losses import Loss
from nntrain.network.second_order import without_product
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.hessian import random_signs
from tests.helpers import CommandLine, built, finished, make, run

STEP = 1e-5
SMOOTH = sorted(set(members(Activation)) - {"prelu", "softmax"})
SUPPORTED = {
    "mse",
    "sum_squared_error",
    "half_sum_squared_error",
    "half_mse",
    "huber",
    "poisson",
    "bce",
    "cross_entropy",
}
ROWS = np.arange(24)


def engine_of(loss: Any, activation: str, **sections: Any) -> Engine:
    """Return a float64 engine of a network with two hidden layers."""
    name = loss if isinstance(loss, str) else loss["name"]
    source: Any = {"cross_entropy": "iris", "bce": {"name": "moons", "rows": 60}}.get(
        name, {"name": "friedman1", "rows": 60}
    )
    data: dict[str, Any] = {"source": source}
    if name == "poisson":
        counts = [[i % 3, i % 5, i % 2] for i in range(60)]
        data["source"] = {"name": "given", "x": counts, "o": [i % 4 for i in range(60)]}
        data["standardize_target"] = False
    model = {"hidden": [5, 4], "activation": activation}
    recipe = {"data": data, "model": model, "loss": loss, "training": {"dtype": "float64"}, **sections}
    return Engine(built(recipe).plan)


def check(engine: Engine) -> None:
    """Compare a product with central differences of the gradient."""
    vector, theta = np.random.default_rng(0).standard_normal(engine.grad.size), engine.theta.copy()
    product = engine.hessian_product(ROWS, vector)
    gradients = []
    for sign in (1, -1):
        engine.theta[: vector.size] = theta[: vector.size] + sign * STEP * vector
        gradients.append(engine.loss_and_gradient(ROWS)[1].copy())
    differences = (gradients[0] - gradients[1]) / (2 * STEP)
    assert np.linalg.norm(product - differences) < 1e-7 * np.linalg.norm(differences)


@pytest.mark.parametrize("activation", SMOOTH)
def test_a_product_with_every_activation(activation: str) -> None:
    check(engine_of("mse", activation))


@pytest.mark.parametrize("loss", [*sorted(SUPPORTED), {"name": "cross_entropy", "smoothing": 0.2}], ids=str)
def test_a_product_with_every_loss(loss: Any) -> None:
    check(engine_of(loss, "tanh", regularization={"l2": 0.1}))


def test_what_has_no_product_is_known() -> None:
    network = built({"data": {"source": "iris"}}).plan.network
    found = members(Loss)
    without = {name for name in found if without_product(network, make(Loss, name))}
    assert SUPPORTED.isdisjoint(without)
    assert {"mae", "hinge", "gaussian_nll"} & set(found) <= without


def test_the_spectrum_is_that_of_the_diagnosis() -> None:
    engine = engine_of("mse", "tanh")
    plan, size = engine.plan, engine.grad.size
    full = Engine(built({**RECIPE, "optimizer": "sgd", "training": {"batch_size": "full", "dtype": "float64"}}).plan)
    rows = np.arange(len(full.train.x))
    hessian = np.stack([full.hessian_product(rows, column) for column in np.eye(full.grad.size)])
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-13)
    eigenvalues = np.linalg.eigvalsh(hessian)
    found = curvature(full.plan)
    assert found.error < 1e-6
    assert eigenvalues[-1] == pytest.approx(found.largest, abs=2 * found.error)
    assert eigenvalues[0] == pytest.approx(found.smallest, abs=2 * found.error)
    assert plan.network.parameters == size


RECIPE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"hidden": [4], "activation": "tanh"},
    "optimizer": "adahessian",
    "training": {"epochs": 3, "dtype": "float64"},
}


def test_the_mean_estimate_is_the_diagonal() -> None:
    engine = engine_of("mse", "tanh")
    size = engine.grad.size
    diagonal = np.array([engine.hessian_product(ROWS, column)[i] for i, column in enumerate(np.eye(size))])
    estimates = []
    for step in range(1, 501):
        z = random_signs(0, step, size, np.dtype(np.float64))
        assert set(z) == {-1.0, 1.0}
        estimates.append(z * engine.hessian_product(ROWS, z))
    error = np.std(estimates, axis=0) / np.sqrt(len(estimates))
    assert (abs(np.mean(estimates, axis=0) - diagonal) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize(("name", "every"), [("adahessian", 1), ("sophia", 3)])
def test_a_step_gets_the_estimate_of_its_batch(name: str, every: int) -> None:
    optimizer = {"name": name, **({"every": every} if name == "sophia" else {})}
    engine = Engine(built({**RECIPE, "optimizer": optimizer}).plan)
    order, size = engine.plan.order(0), engine.grad.size
    before = engine.theta.copy()
    z = random_signs(engine.plan.seed, 1, size, engine.dtype)
    expected = z * engine.hessian_product(order[:32], z)
    engine.take_steps(order[:32], 0, np.array([0.01]))
    assert (engine.state[2, :size] == expected).all()
    one_by_one = Engine(engine.plan)
    assert (one_by_one.theta == before).all()
    for k in range(3):
        one_by_one.take_steps(order[32 * k : 32 * k + 32], k, np.array([0.01]))
        assert (every == 1 or (one_by_one.state[2, :size] == expected).all()) == (every == 3 or k >= 0)
    at_once = Engine(engine.plan)
    at_once.take_steps(order[:96], 0, np.full(3, 0.01))
    assert (at_once.theta == one_by_one.theta).all()
    assert (at_once.state == one_by_one.state).all()


@pytest.mark.parametrize("optimizer", ["adahessian", {"name": "sophia", "lr": 0.5}], ids=str)
def test_it_trains(optimizer: Any) -> None:
    _, events = run({**RECIPE, "optimizer": optimizer, "training": {"epochs": 60}})
    accuracy = finished(events).final["test"].metric
    assert accuracy is not None
    assert accuracy > 0.9


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("model: {hidden: [4], norm: batch}", "batch norm"),
        ("model: {hidden: [4], dropout: 0.1}", "dropout"),
        ("model: {hidden: [4], activation: prelu}", "the activation prelu"),
        ("loss: {name: cross_entropy, class_weights: balanced}", "the loss cross_entropy with class weights"),
        ("regularization: {input_noise: 0.1}", "input noise"),
    ],
)
def test_what_has_no_product_is_refused(nntrain: CommandLine, section: str, what: str) -> None:
    refused = nntrain("fit", "-", stdin=f"data: {{source: iris}}\noptimizer: adahessian\n{section}\n")
    assert refused.status == 2
    assert "2:1: optimizer: adahessian needs products with the Hessian" in refused.err
    assert f"does not compute for {what}" in refused.err


def test_a_trace_refuses_it_too(nntrain: CommandLine) -> None:
    recipe = "data: {source: iris}\nmodel: {hidden: [3], activation: prelu}\n"
    refused = nntrain("trace", "-", "--optimizer", "sophia", stdin=recipe)
    assert refused.status == 2
    assert (
        "sophia needs products with the Hessian, which nntrain does not compute for the activation prelu" in refused.err
    )
