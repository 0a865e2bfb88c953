"""Every derivative against central differences in float64, and the compiled walk against its twin in plain NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.losses import Loss
from nntrain.registry import members
from nntrain.training.engine import Engine
from tests.helpers import Activated, built, make, relative_error
from tests.reference.network import loss_and_gradient

DOUBLE = np.dtype(np.float64)
H = 1e-6
ACTIVATIONS, LOSSES = members(Activation), members(Loss)
TASKS = [(name, task) for name, loss in LOSSES.items() for task in loss.tasks]


def central(f: Callable[[NDArray[Any]], float], x: NDArray[Any]) -> NDArray[Any]:
    """Return the numeric gradient of ``f`` at ``x``."""
    gradient = np.empty_like(x)
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = H
        difference = f(x + step.reshape(x.shape)) - f(x - step.reshape(x.shape))
        gradient.flat[i] = difference / (2 * H)
    return gradient


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_derivative(name: str) -> None:
    """With respect to z, and to what is learned."""
    f = Activated(make(Activation, name), 5)
    z = np.linspace(-4, 4, 40) + 0.0123  # no kink within H
    weights, still = np.linspace(1, 2, z.size), np.zeros_like(f.slopes)

    def difference(dz: NDArray[Any], dslopes: NDArray[Any]) -> float:
        upper, lower = f.forward(z + dz, f.slopes + dslopes), f.forward(z - dz, f.slopes - dslopes)
        return float(weights @ (upper - lower)) / (2 * H)

    d = weights.copy()
    f.backward(z, f.forward(z), d)
    np.testing.assert_allclose(d, [difference(H * step, still) for step in np.eye(z.size)], rtol=1e-8, atol=1e-9)
    of_learned = [difference(np.zeros_like(z), H * step) for step in np.eye(still.size)]
    np.testing.assert_allclose(f.gradient, of_learned, rtol=1e-8)


@pytest.mark.parametrize(("name", "key"), [("leaky_relu", "slope"), ("elu", "alpha"), ("prelu", "slope")])
def test_an_activation_uses_its_number(name: str, key: str) -> None:
    z = np.array([-2.0, -1.0, 1.0])
    default, other = (Activated(make(Activation, name, **keys), 3).forward(z) for keys in ({}, {key: 0.7}))
    assert (default[:2] != other[:2]).all()
    assert default[2] == other[2] == 1.0


@pytest.mark.parametrize(("name", "zero"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0), ("prelu", 0.25)])
def test_the_derivative_at_the_kink(name: str, zero: float) -> None:
    """N's slide gives 0 and 1 for ReLU at 0; here it is 0, as in torch, keras and scikit-learn."""
    z, d = np.zeros(1), np.ones(1)
    Activated(make(Activation, name), 1).backward(z, np.zeros(1), d)
    assert d[0] == zero


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_keep_nan_and_survive_infinity(name: str) -> None:
    z = np.array([np.nan, np.inf, -np.inf, 1e308, -1e308])
    activation = make(Activation, name)
    h = Activated(activation, 5).forward(z)
    if activation.distribution:  # a row with one NaN in it is all NaN, one with 1e308 in it is not
        assert np.isnan(h).all()
        assert Activated(activation, 2).forward(z[3:].copy()).tolist() == [1, 0]
        return
    assert np.isnan(h[0])
    assert not np.isnan(h[3:]).any()
    assert not np.isnan(h[1:3]).any() or name in ("silu", "gelu")  # -inf·0: NaN in torch too


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_loss_gradient(name: str, task: str) -> None:
    loss, rows, random = make(Loss, name), 5, np.random.default_rng(1)
    n_classes = None if task == "regression" else loss.classes or 3
    y = random.standard_normal((rows, 2)) if n_classes is None else random.integers(0, n_classes, rows)
    target = np.ascontiguousarray(loss.encode(y, n_classes))
    output = random.standard_normal((rows, loss.outputs(2 if n_classes is None else 1, n_classes))) * 3
    delta, ignored = np.empty_like(output), np.empty_like(output)
    function, numbers = loss.function[DOUBLE], np.array(loss.numbers(), np.float64)
    function(output, target, delta, numbers)
    assert relative_error(delta, central(lambda o: function(o, target, ignored, numbers), output)) < 1e-8


@pytest.mark.parametrize("name", ["bce", "cross_entropy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [80.0, 800.0, 1e4])
def test_classification_losses_neither_overflow_nor_underflow(name: str, dtype: str, scale: float) -> None:
    """A wrong saturated output costs its logit and has a gradient of full size; a right one costs and gives nothing."""
    loss = make(Loss, name)
    logits = [[-scale], [scale]] if name == "bce" else [[scale, 0.0], [0.0, scale]]
    output = np.array(logits, dtype)
    delta, numbers = np.empty_like(output), np.array(loss.numbers(), np.float64)
    wrong = np.ascontiguousarray(loss.encode(np.array([1, 0]), 2), dtype)
    assert loss.function[np.dtype(dtype)](output, wrong, delta, numbers) == pytest.approx(scale)
    assert np.abs(delta).max() == pytest.approx(0.5)  # 1 / B
    right = np.ascontiguousarray(loss.encode(np.array([0, 1]), 2), dtype)
    assert loss.function[np.dtype(dtype)](output, right, delta, numbers) == pytest.approx(0, abs=1e-30)
    assert np.abs(delta).max() == pytest.approx(0, abs=1e-30)


def engine_of(activation: str, output: str, loss: str, task: str, hidden: list[int], seed: int = 0) -> Engine:
    classes = LOSSES[loss].classes or 3
    source = (
        {"name": "friedman1", "rows": 12} if task == "regression" else {"name": "blobs", "rows": 12, "classes": classes}
    )
    initializer = {"name": "normal", "scale": 0.7}
    return Engine(
        built(
            {
                "seed": seed,
                "data": {"source": source, "validation": 0, "test": 0},
                "model": {
                    "hidden": hidden,
                    "activation": activation,
                    "output": output,
                    "initializer": initializer,
                    "bias_initializer": initializer,
                },
                "loss": loss,
                "optimizer": "sgd",
                "training": {"batch_size": "full", "dtype": "float64"},
            }
        ).plan
    )


def gradient(engine: Engine) -> tuple[float, NDArray[Any]]:
    """Return loss and gradient at the engine's parameters."""
    loss, gradient = engine.loss_and_gradient()
    return loss, gradient.copy()


def loss_at(engine: Engine, theta: NDArray[Any]) -> float:
    engine.theta[:] = theta
    return gradient(engine)[0]


OUTPUTS = [
    (activation, output, loss, task)
    for activation in ACTIVATIONS
    for loss, task in TASKS
    for output in (["identity"] if LOSSES[loss].included_activation else ["identity", activation])
    # of one unit, softmax is always 1
    if output != "softmax" or make(Loss, loss).outputs(1, None if task == "regression" else 3) > 1
]


@pytest.mark.parametrize(("activation", "output", "loss", "task"), OUTPUTS)
def test_network_gradient(activation: str, output: str, loss: str, task: str) -> None:
    engine = engine_of(activation, output, loss, task, [4, 3], seed=1)
    theta = engine.theta.copy()
    _, found = gradient(engine)
    assert np.linalg.norm(found) > 0
    assert relative_error(found, central(lambda at: loss_at(engine, at), theta)) < 1e-7


@settings(max_examples=30, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 9), max_size=4),
    activation=st.sampled_from(list(ACTIVATIONS)),
    loss_and_task=st.sampled_from(TASKS),
    seed=st.integers(0, 1000),
)
def test_the_compiled_walk_is_its_numpy_twin(
    hidden: list[int], activation: str, loss_and_task: tuple[str, str], seed: int
) -> None:
    loss, task = loss_and_task
    if activation == "softmax":
        hidden = [units + 1 for units in hidden]  # of one unit it is always 1
    engine = engine_of(activation, "identity", loss, task, hidden, seed)
    network = engine.plan.network
    value, found = gradient(engine)
    layers = [
        (W.copy(), b.copy(), layer.activation.name)
        for layer, (W, b) in zip(network.layers, network.views(engine.theta), strict=True)
    ]
    expected_value, expected = loss_and_gradient(layers, engine.train.x, engine.train.target, loss)
    assert value == pytest.approx(expected_value, rel=1e-10)
    for (dW, db), (expected_dW, expected_db) in zip(network.views(found), expected, strict=True):
        np.testing.assert_allclose(dW, expected_dW, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(db, expected_db, rtol=1e-9, atol=1e-10)
