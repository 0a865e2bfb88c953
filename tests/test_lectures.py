"""The numbers of the lectures. K, N, L: see the decks that the docstrings name."""

import numpy as np
import pytest

from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import LeakyReLU, ReLU
from nntrain.initializers.fixed import Zeros
from nntrain.layers.dense import dense_backward_input
from nntrain.losses import Loss
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.losses.squared_error import HalfSumSquaredError, MeanSquaredError, SumSquaredError
from nntrain.network.epoch import steps
from nntrain.network.layer_table import Criterion, StepResults, Update
from nntrain.network.network import Dense, Network
from nntrain.network.regularize import PENALTIES
from nntrain.network.thread_pool import ThreadPool
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.adam import Adam
from nntrain.optimizers.momentum import HeavyBall
from nntrain.optimizers.sgd import SGD
from nntrain.registry import Component, members
from tests.helpers import built, compiled, make

DOUBLE = np.dtype(np.float64)
NONE = np.zeros(0)  # numbers of a loss that has none


@pytest.mark.parametrize(
    ("w", "errors", "total"),
    [
        (1, (2, 8, 18, 32, 50), 110),
        (2, (0.5, 2, 4.5, 8, 12.5), 27.5),
        (3, (0, 0, 0, 0, 0), 0),
        (4, (0.5, 2, 4.5, 8, 12.5), 27.5),
        (5, (2, 8, 18, 32, 50), 110),
    ],
)
def test_the_loss_table(w: float, errors: tuple[float, ...], total: float) -> None:
    """K: o = 3x + 1, model w·x + 1, ½(o - o*)² of each row; the deck calls their sum 'MSE'."""
    data = built({"data": {"source": "line_table", "validation": 0, "test": 0, "standardize": False}}).dataset
    assert data.x.ravel().tolist() == [1, 2, 3, 4, 5]
    assert data.y.ravel().tolist() == [4, 7, 10, 13, 16]
    output = w * data.x + 1
    half = HalfSumSquaredError.function[DOUBLE]
    for row, error in enumerate(errors):
        assert half(output[row : row + 1], data.y[row : row + 1], np.empty((1, 1)), NONE) == error
    assert half(output, data.y, np.empty_like(output), NONE) == total
    assert SumSquaredError.function[DOUBLE](output, data.y, np.empty_like(output), NONE) == 2 * total
    mean = MeanSquaredError.function[DOUBLE](output, data.y, np.empty_like(output), NONE)
    assert mean == pytest.approx(2 * total / 5, rel=1e-15)


def test_softmax_and_cross_entropy() -> None:
    """K prints 0.1985 and 3.5066; the second is -log of the rounded 0.03, exactly it is 3.498496."""
    z = np.array([[2.8, 1.1, -0.5]])
    loss = CrossEntropy()
    assert np.round(loss.probabilities(z), 2).tolist() == [[0.82, 0.15, 0.03]]
    first, delta = np.zeros((1, 1)), np.empty((1, 3))
    assert loss.function[DOUBLE](z, first, delta, np.zeros(1)) == pytest.approx(0.198496, abs=5e-7)
    reversed_z = np.ascontiguousarray(z[:, ::-1])
    assert loss.function[DOUBLE](reversed_z, first, delta, np.zeros(1)) == pytest.approx(3.498496, abs=5e-7)


def test_backpropagation_by_hand() -> None:
    """N: x = (1, 2), three ReLU units with h = (4, 0, 5), output weights -1, 3, 2, gold 3, loss (o - gold)²."""
    network = Network([Dense(2, 3, ReLU(), Zeros()), Dense(3, 1, Identity(), Zeros())])
    theta = np.zeros(network.parameters)
    (W1, _), (W2, _) = network.views(theta)
    W1[:] = [[2, 1, 1], [1, -2, 2]]  # columns are units: w1, w2 = 2, 1; w3, w4 = 1, -2; w5, w6 = 1, 2
    W2[:, 0] = [-1, 3, 2]
    grad, workspace = np.zeros_like(theta), network.workspace(1, 1, DOUBLE, ThreadPool(DOUBLE, 0).mailbox)
    losses = np.empty((1, 1))
    loss, rule = SumSquaredError.function.address(DOUBLE), SGD.update.address(DOUBLE)
    vectors = (theta, grad, np.zeros((0, theta.size)))
    update = Update(rule, 0, np.zeros(0), np.zeros(PENALTIES), 0, network.tensors(), np.zeros(8), np.zeros(2))
    run = (network.table(DOUBLE), *vectors, update, Criterion(loss, np.zeros(0), np.zeros(0), 1))
    data = (np.array([[1.0, 2.0]]), np.array([[3.0]]), np.arange(1)[None])
    told = StepResults(losses, np.zeros((1, 1), np.bool_), np.empty(1), np.empty(0), np.empty((0, theta.size)))
    steps[DOUBLE](*run, *data, 0, np.zeros((1, 1)), told, workspace)

    assert workspace.h.tolist() == [4, 0, 5, 6]
    assert losses.item() == 9
    (dW1, db1), (dW2, db2) = network.views(grad)
    d_output = workspace.d[3:].reshape(1, 1)
    assert d_output.item() == db2.item() == 6
    assert dW2.ravel().tolist() == [24, 0, 30]
    assert dW1.T.ravel().tolist() == [-6, -12, 0, 0, 12, 24]
    d_hidden, d_inputs = np.empty((1, 3)), np.empty((1, 2))
    compiled(dense_backward_input)(d_output, W2, workspace.transposed, d_hidden, workspace.mailbox)
    assert d_hidden.ravel().tolist() == [-6, 18, 12]
    assert workspace.d[:3].tolist() == db1.tolist() == [-6, 0, 12]
    compiled(dense_backward_input)(workspace.d[:3].reshape(1, 3), W1, np.empty(0), d_inputs, workspace.mailbox)
    assert d_inputs.ravel().tolist() == [0, 18]


def test_defaults() -> None:
    assert HeavyBall().momentum == 0.9
    adam = Adam()
    assert (adam.lr, adam.beta1, adam.beta2, adam.eps) == (0.001, 0.9, 0.999, 1e-8)
    assert LeakyReLU().slope == 0.01


@pytest.mark.parametrize(
    ("family", "name", "keys"),
    [
        (Optimizer, "momentum", {"momentum": 0.9, "scaled_velocity": True}),
        (Optimizer, "nesterov", {"momentum": 0.9, "scaled_velocity": True}),
        (Optimizer, "adagrad", {"eps": 1e-7, "eps_root": 0}),
        (Optimizer, "adadelta", {"rho": 0.95}),
        (Optimizer, "rmsprop", {"lr": 0.001, "rho": 0.9, "eps": 0, "eps_root": 1e-6}),
        (Optimizer, "adam", {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 0, "eps_root": 1e-8}),
        (Optimizer, "nadam", {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "warm": False, "eps": 0, "eps_root": 1e-8}),
        (Norm, "batch", {"eps": 1e-8}),
    ],
)
def test_the_lectures_dialect(family: type[Component], name: str, keys: dict[str, float]) -> None:
    """S: the deltas and rates; L, N: epsilon under the root; K, S, N: the rate is inside the velocity."""
    assert make(family, name, dialect="lecture").model_dump().items() >= keys.items()


def test_cross_entropy_learns_from_a_saturated_wrong_output_and_a_squared_error_does_not() -> None:
    """L: with a sigmoid output the squared error's gradient has a factor o(1 - o); cross-entropy's has not."""
    z, target, delta = np.array([[-12.0]]), np.array([[1.0]]), np.empty((1, 1))
    members(Loss)["bce"].function[DOUBLE](z, target, delta, NONE)
    assert delta.item() == pytest.approx(-1, abs=1e-5)
    o = 1 / (1 + np.exp(-z))
    MeanSquaredError.function[DOUBLE](o, target, delta, NONE)
    assert abs((delta * o * (1 - o)).item()) < 2e-5
