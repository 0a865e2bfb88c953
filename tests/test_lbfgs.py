"""L-BFGS: SciPy's own way, an iteration an epoch, counted in evaluations."""

import threading
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Stopped
from nntrain.training.loop import _Run, train
from tests.helpers import CommandLine, built, finished, run
from tests.reference.network import loss_and_gradient

RECIPE: dict[str, Any] = {
    "data": {"source": {"name": "friedman1", "rows": 100}, "standardize_target": True},
    "model": {"hidden": [6], "activation": "tanh"},
    "optimizer": {"name": "lbfgs", "memory": 5},
    "training": {"epochs": 30, "dtype": "float64"},
}


def test_it_goes_where_scipy_goes() -> None:
    engine = Engine(built(RECIPE).plan)
    network, train_part = engine.plan.network, engine.train

    def twin(theta: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        layers = [
            (W, b, layer.activation.name) for layer, (W, b) in zip(network.layers, network.views(theta), strict=True)
        ]
        loss, gradients = loss_and_gradient(layers, train_part.x, train_part.target, "mse")
        return loss, np.concatenate([part.ravel() for pair in gradients for part in pair])

    options = {"maxiter": 30, "maxcor": 5, "gtol": 1e-5, "ftol": 0.0}
    expected = minimize(twin, engine.theta.copy(), jac=True, method="L-BFGS-B", options=options)
    events = list(train(engine))
    np.testing.assert_allclose(engine.theta, expected.x, rtol=1e-5, atol=1e-7)
    assert finished(events).epochs == expected.nit == 30
    assert finished(events).steps == expected.nfev
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    assert losses == sorted(losses, reverse=True)  # each line search goes down
    assert losses[-1] == pytest.approx(expected.fun, rel=1e-6)


def test_it_ends_where_there_is_no_way_down() -> None:
    recipe = {
        "data": {"source": "line_table", "validation": 0, "test": 0, "standardize": False},
        "model": {"hidden": []},
        "optimizer": "lbfgs",
        "training": {"dtype": "float64"},
    }
    engine, events = run(recipe)
    assert finished(events).stopped is Stopped.CONVERGED
    assert finished(events).epochs < 20
    np.testing.assert_allclose(engine.theta, [3, 1], atol=1e-5)


def test_what_is_kept_is_what_was_accepted_and_not_the_last_trial() -> None:
    """A search that ends in the middle of a line leaves its last trial in the engine."""
    engine = Engine(built(RECIPE).plan)
    accepted = engine.theta.copy()

    def search() -> Generator[tuple[np.ndarray[Any, Any], int]]:
        engine.theta[:] = 123.0
        yield from ()

    run = _Run(engine, 1, lambda: False)
    assert list(run._iteration(search())) == []
    assert run.stopped is Stopped.CONVERGED
    np.testing.assert_array_equal(engine.theta, accepted)


def test_the_penalty_is_part_of_what_is_minimized() -> None:
    sizes = [np.linalg.norm(run({**RECIPE, "regularization": {"l2": l2}})[0].theta) for l2 in (0.0, 0.1)]
    assert sizes[1] < 0.7 * sizes[0]


def test_no_thread_is_left_when_a_run_is_cut_short() -> None:
    before = threading.active_count()
    events = train(Engine(built(RECIPE).plan), interrupted=lambda: True)
    assert finished(events).stopped is Stopped.INTERRUPTED
    stopping = {**RECIPE, "training": {"epochs": 500, "early_stopping": {"patience": 3}}}
    assert finished(run(stopping)[1]).stopped is Stopped.EARLY
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.batch_size=32", "lbfgs needs the gradient of all rows"),
        ("schedule=cooling", "schedule: lbfgs does not follow a learning rate schedule"),
        ("regularization.l1=0.1", "regularization.l1: lbfgs needs the exact gradient of the loss"),
        ("optimizer.lr=0.1", "optimizer.lr: found 0.1, expected a number >= 1"),
    ],
)
def test_what_does_not_suit_it_is_refused(nntrain: CommandLine, setting: str, words: str) -> None:
    recipe = "data: {source: iris}\noptimizer: {name: lbfgs}\n"
    ended = nntrain("fit", "-", "--set", setting, stdin=recipe)
    assert ended.status == 2
    assert words in ended.err


def test_running_averages_take_in_accepted_points_alone() -> None:
    """One batch an iteration, and not one for each trial of the line searches."""
    model = {"hidden": [6], "norm": {"name": "batch", "momentum": 1.0}}
    engine, events = run({"data": {"source": "iris"}, "model": model, "optimizer": "lbfgs", "training": {"epochs": 5}})
    assert finished(events).steps > 5
    first, *_ = engine.plan.network.arrays(engine.theta)
    z = engine.train.x @ first["weights"] + first["biases"]
    np.testing.assert_allclose(first["running_mean"], z.mean(axis=0), rtol=1e-3, atol=1e-4)
