"""scikit-learn's own numbers for its MLP: the worked example of its tests, and the training curves of its gallery.

The weights start where scikit-learn draws them and the rows come in its order, so that the very numbers have to come
out; its penalty is alpha/n of a batch's n rows, and its loss counts it.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_circles, make_moons
from sklearn.preprocessing import MinMaxScaler

from nntrain.activations import Activation
from nntrain.data.prepare import Prepared, Split
from nntrain.initializers.fixed import Zeros
from nntrain.losses import Loss
from nntrain.network.inference import ForwardPass
from nntrain.network.network import Dense, Network
from nntrain.network.regularize import L2
from nntrain.optimizers import Optimizer
from nntrain.schedules import Schedule, Span
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.training.settings import Training
from tests.helpers import make

Array = NDArray[Any]
ALPHA = 1e-4  # scikit-learn's default
PUBLISHED = {
    "digits": {
        "sgd": (0.956038, 0.243802),
        "momentum": (0.992766, 0.041297),
        "nesterov": (0.993879, 0.042898),
        "invscaling": (0.638843, 1.855465),
        "invscaling momentum": (0.909293, 0.318387),
        "invscaling nesterov": (0.912632, 0.290584),
        "adam": (0.991653, 0.045934),
    },
    "circles": {
        "sgd": (0.840, 0.601052),
        "momentum": (0.940, 0.157334),
        "nesterov": (0.940, 0.154453),
        "invscaling": (0.500, 0.692470),
        "invscaling momentum": (0.500, 0.689751),
        "invscaling nesterov": (0.500, 0.689143),
        "adam": (0.940, 0.150527),
    },
    "moons": {
        "sgd": (0.850, 0.341523),
        "momentum": (0.850, 0.336188),
        "nesterov": (0.850, 0.335919),
        "invscaling": (0.500, 0.689015),
        "invscaling momentum": (0.830, 0.513034),
        "invscaling nesterov": (0.830, 0.512595),
        "adam": (0.930, 0.170087),
    },
}


def plan_of(x: Array, y: Array, hidden: int, activation: str, optimizer: Optimizer, batch: int) -> Plan:
    n_classes = int(y.max()) + 1 if y.any() else 2
    loss = make(Loss, "bce" if n_classes == 2 else "cross_entropy")
    widths = (x.shape[1], hidden, loss.outputs(1, n_classes))
    layers = [
        Dense(n_in, n_out, make(Activation, name), Zeros())
        for (n_in, n_out), name in zip(pairwise(widths), (activation, "identity"), strict=True)
    ]
    return Plan(
        name="scikit-learn",
        seed=0,
        data=Prepared(Split(x, y), None, None, None, None),
        n_classes=n_classes,
        network=Network(layers),
        loss=loss,
        optimizer=optimizer,
        schedule=make(Schedule, "constant"),
        training=Training(batch_size=batch, dtype="float64"),
    )


def penalty(engine: Engine) -> float:
    return sum(float(np.square(W).sum()) for W, _ in engine.plan.network.views(engine.theta))


def test_the_worked_example() -> None:
    """One step of gradient descent on one row, worked out by hand in scikit-learn's test_mlp.py, to three decimals."""
    x, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    plan = plan_of(x, y, 2, "sigmoid", make(Optimizer, "sgd", lr=0.1), 1)
    plan = replace(plan, regularization=plan.regularization.model_copy(update={"l2": 0.1}))
    engine = Engine(plan)
    (W1, b1), (W2, b2) = plan.network.views(engine.theta)
    W1[:], b1[:] = [[0.1, 0.2], [0.3, 0.1], [0.5, 0]], 0.1
    W2[:], b2[:] = [[0.1], [0.2]], 1.0
    engine.take_steps(np.arange(1), 0, np.array([0.1]))
    np.testing.assert_allclose(engine.workspace.h[:2], [0.679178699175393, 0.574442516811659], rtol=1e-14)
    # its comment goes on with h rounded to three digits: 0.76543
    assert 1 / (1 + np.exp(-engine.workspace.z[2])) == pytest.approx(0.7654329236196236, abs=2e-5)
    np.testing.assert_allclose(W1, [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]], atol=1.5e-3)
    np.testing.assert_allclose(W2, [[0.04706], [0.154089]], atol=1.5e-3)
    np.testing.assert_allclose(b1, [0.098333, 0.09626], atol=1.5e-3)
    assert b2.item() == pytest.approx(0.9235, abs=1.5e-3)
    output = ForwardPass(plan.network, engine.dtype).outputs(engine.theta, x)
    probabilities = plan.loss.probabilities(output)
    assert probabilities is not None
    assert probabilities[0, 1] == pytest.approx(0.739, abs=1.5e-3)


def data(name: str) -> tuple[Array, Array, int]:
    """Return features, classes and epochs, as the gallery's example takes them."""
    if name == "digits":
        x, y = load_digits(return_X_y=True)
        epochs = 15
    else:
        epochs = 400
        x, y = (
            make_circles(noise=0.2, factor=0.5, random_state=1)
            if name == "circles"
            else make_moons(noise=0.3, random_state=0)
        )
    return MinMaxScaler().fit_transform(x), y, epochs


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"name": "sgd", "lr": 0.2},
    "momentum": {"name": "momentum", "dialect": "scikit-learn", "lr": 0.2},
    "nesterov": {"name": "nesterov", "dialect": "scikit-learn", "lr": 0.2},
    "adam": {"name": "adam", "dialect": "scikit-learn", "lr": 0.01},
}


@pytest.mark.parametrize("strategy", PUBLISHED["digits"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_training_curves(name: str, strategy: str) -> None:
    """All rows of plot_mlp_training_curves: score and loss to the last printed digit."""
    x, y, epochs = data(name)
    batch = min(200, len(x))
    _, falling, kind = strategy.rpartition("invscaling")
    keys = dict(OPTIMIZERS[kind.strip() or "sgd"])
    invscaling = make(Schedule, "inverse_time_decay", eps=float(len(x)), power=0.5, per="epoch")
    schedule = invscaling if falling else make(Schedule, "constant")
    engine = Engine(plan_of(x, y, 100, "relu", make(Optimizer, str(keys.pop("name")), **keys), batch))
    random = np.random.RandomState(0)
    for W, b in engine.plan.network.views(engine.theta):
        bound = np.sqrt(6 / sum(W.shape))
        W[:] = random.uniform(-bound, bound, W.shape)
        b[:] = random.uniform(-bound, bound, b.shape)

    order, step, best, waited, loss = np.arange(len(x)), 0, np.inf, 0, np.inf
    for epoch in range(epochs):
        (factor,) = schedule.factors(np.array([step]), epoch, Span(1, 1))
        shuffled = np.arange(len(x))
        random.shuffle(shuffled)
        order = order[shuffled]
        loss = 0.0
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            engine._update.penalty[L2] = ALPHA / rows.size
            penalized = ALPHA / 2 * penalty(engine) / rows.size
            (value,) = engine.take_steps(rows, step, np.array([factor * engine.plan.optimizer.lr]))
            loss += (value + penalized) * rows.size / len(x)
            step += 1
        waited = waited + 1 if loss > best - 1e-4 else 0
        best = min(best, loss)
        if waited > 10:
            break
    score, published_loss = PUBLISHED[name][strategy]
    assert loss == pytest.approx(published_loss, abs=2e-6)
    assert engine.score(engine.train).metric == pytest.approx(score, abs=1e-6)
