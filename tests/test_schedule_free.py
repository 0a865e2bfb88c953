"""Schedule-Free optimizers: which of their points learns, which is evaluated and saved, and what they refuse."""

from typing import Any

import numpy as np
import pytest

from nntrain.optimizers import Optimizer
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, finished, make, run
from tests.recorded.problems import PROBLEMS, START
from tests.test_optimizers import Stepper

NAMES = ("schedule_free_sgd", "schedule_free_adamw")
RECIPE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"hidden": [8, 5], "norm": "batch"},
    "training": {"epochs": 20, "dtype": "float64"},
}


def test_x_is_the_weighted_mean_of_the_iterates() -> None:
    optimizer = make(Optimizer, "schedule_free_sgd", momentum=0.8, r=1.0)
    stepper, z, iterates = Stepper(optimizer, START.copy()), START.copy(), []
    for k in range(1, 30):
        lr = min(0.01 * k, 0.1)  # warm-up
        gradient = PROBLEMS["quadratic"](stepper.theta)
        z = z - lr * gradient
        iterates.append((k * lr**2, z))
        stepper.step(gradient, lr)
        x = np.average([z for _, z in iterates], axis=0, weights=[weight for weight, _ in iterates])
        np.testing.assert_allclose(stepper.state[optimizer.evaluated_row], x, rtol=1e-12)
        np.testing.assert_allclose(stepper.theta, 0.2 * z + 0.8 * x, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stopping", [None, {"patience": 3}])
def test_the_average_is_evaluated_and_kept(name: str, stopping: dict[str, Any] | None) -> None:
    engine, events = run(
        {**RECIPE, "optimizer": name, "training": {**RECIPE["training"], "early_stopping": stopping}},
    )
    last = finished(events)
    assert engine.scores() == (last.best if stopping else last.final)
    if not stopping:
        size = engine.plan.network.parameters
        assert (engine.theta[:size] == engine.state[1, :size]).all()
        assert (engine.state[0, :size] != engine.state[1, :size]).all()


def test_batch_norms_averages_are_those_of_the_average() -> None:
    engine, _ = run({**RECIPE, "optimizer": "schedule_free_adamw"})
    mean = next(engine.plan.network.arrays(engine.theta))["running_mean"]
    first = next(engine.plan.network.arrays(engine.theta))["weights"]
    batches = -(-len(engine.train.x) // engine.plan.batch_rows)
    rows = engine.plan.batch_rows
    expected = np.mean([(engine.train.x[b * rows : (b + 1) * rows] @ first).mean(axis=0) for b in range(batches)], 0)
    np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("norm", [None, "batch"])
def test_biases_that_are_held_are_evaluated_too(norm: str | None) -> None:
    model: dict[str, Any] = {"hidden": [5], "norm": norm, "learn_biases": False}
    model["bias_initializer"] = {"name": "constant", "value": 0.3}
    engine, events = run({**RECIPE, "model": model, "optimizer": "schedule_free_adamw"})
    assert all((arrays["biases"] == 0.3).all() for arrays in engine.plan.network.arrays(engine.theta))
    assert engine.scores() == finished(events).final


def test_before_the_first_step_the_initial_weights_are_measured() -> None:
    engine = Engine(built({**RECIPE, "optimizer": "schedule_free_sgd"}).plan)
    before = engine.theta.copy()
    with engine.measured_weights(0):
        assert (engine.theta == before).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("section", "key", "value", "hint"),
    [
        ("training", "averaging", "ema", "remove the key"),
        ("training", "lookahead", "{}", "remove the key"),
        ("regularization", "weight_decay", "0.1", "instead"),
    ],
)
def test_what_would_change_the_weights_is_refused(
    nntrain: CommandLine, name: str, section: str, key: str, value: str, hint: str
) -> None:
    recipe = f"data: {{source: iris}}\noptimizer: {name}\n{section}: {{{key}: {value}}}\n"
    refused = nntrain("fit", "-", stdin=recipe)
    assert refused.status == 2
    assert f"3:{len(section) + 4}: {section}.{key}: {name}" in refused.err
    assert hint in refused.err
