"""Lookahead and averaged weights: against optax, torch and keras, and in a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.optimizers import Optimizer
from nntrain.optimizers.averaging import MEAN, SLOW, Averaging, Lookahead, packed, update_weight_averages
from nntrain.registry import members
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, finished, make, relative_error, run
from tests.recorded.problems import PROBLEMS, START, STEPS, X, rate, split
from tests.test_optimizers import TENSORS

FILE = json.loads((Path(__file__).parent / "recorded" / "wrappers.json").read_text())
RECORDED = FILE["cases"]


@pytest.mark.parametrize("case", RECORDED)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_weights_that_learn_and_those_that_follow_are_the_reference_librarys(case: str, problem: str) -> None:
    recorded = RECORDED[case]
    optimizer = make(Optimizer, **recorded["optimizer"])
    lookahead = None if recorded["lookahead"] is None else Lookahead(**recorded["lookahead"])
    averaging = None if recorded["averaging"] is None else make(Averaging, **recorded["averaging"])
    epoch = recorded["steps_per_epoch"]
    numbers = packed(lookahead, averaging, optimizer.state_rows, epoch, STEPS // epoch)
    theta, state = START.copy(), np.zeros((optimizer.state_rows + 1, START.size))
    state[-1] = theta
    update, hyper = optimizer.update[theta.dtype], np.array(optimizer.hyper())
    checked = 0
    for k in range(1, STEPS + 1):
        update(theta, PROBLEMS[problem](theta), state, TENSORS, hyper, rate(optimizer.lr, k), k, 0, theta.size)
        update_weight_averages(theta, state, numbers, k)
        if str(k) in recorded[problem]:
            learning, following = (np.array(values) for values in recorded[problem][str(k)])
            assert relative_error(theta - START, learning - START) < 1e-9, k
            assert relative_error(state[-1] - START, following - START) < 1e-9, k
            checked += 1
    assert checked == 4


def test_every_average_is_recorded_in_each_of_its_dialects() -> None:
    named = {f"{name}, {dialect}" for name, kind in members(Averaging).items() for dialect in ("torch", *kind.dialects)}
    assert named <= set(RECORDED)


def test_both_at_once_have_rows_of_their_own() -> None:
    numbers = packed(Lookahead(), make(Averaging, "ema"), 2, 10, 10)
    assert (numbers[SLOW], numbers[MEAN]) == (2, 3)


RECIPE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"hidden": [8, 5], "norm": "batch"},
    "optimizer": {"name": "adam", "lr": 0.01},
}


@pytest.mark.parametrize("averaging", ["swa", "ema"])
def test_running_averages_are_measured_for_the_mean_as_torchs_update_bn(averaging: str) -> None:
    recorded = FILE["batch norm"]
    W1, b1, *_ = split(START)
    source = {"name": "given", "x": X.tolist(), "o": X[:, 0].tolist()}
    layer = {"units": 4, "norm": "batch"}
    layer |= {"initializer": {"name": "given", "values": W1.tolist()}}
    layer |= {"bias_initializer": {"name": "given", "values": b1.tolist()}}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    recipe = {"data": data, "model": {"hidden": [layer]}}
    training = {"epochs": 4, "batch_size": recorded["rows"], "dtype": "float64", "averaging": averaging}
    engine, _ = run({**recipe, "optimizer": {"name": "sgd", "lr": 1e-14}, "training": training})
    arrays = next(engine.plan.network.arrays(engine.theta))
    np.testing.assert_allclose(arrays["running_mean"], recorded["mean"], rtol=1e-10)
    np.testing.assert_allclose(arrays["running_var"], recorded["variance"], rtol=1e-10)


def test_swa_is_the_mean_of_the_last_epochs_weights() -> None:
    thetas = []
    for epochs in (6, 7, 8):
        engine, _ = run({**RECIPE, "training": {"epochs": epochs, "dtype": "float64"}})
        thetas.append(engine.theta)
    averaging = {"name": "swa", "start": 0.75}
    engine, events = run({**RECIPE, "training": {"epochs": 8, "dtype": "float64", "averaging": averaging}})
    trainable = slice(engine.plan.network.parameters)
    np.testing.assert_allclose(engine.theta[trainable], np.mean(thetas, axis=0)[trainable], rtol=1e-10, atol=1e-13)
    assert engine.scores() == finished(events).final


@pytest.mark.parametrize("following", [{"averaging": {"name": "ema", "decay": 0.9}}, {"lookahead": {"period": 3}}])
@pytest.mark.parametrize("stopping", [None, {"patience": 3}])
def test_what_is_measured_is_what_is_kept(following: dict[str, Any], stopping: dict[str, Any] | None) -> None:
    engine, events = run({**RECIPE, "training": {"epochs": 40, "early_stopping": stopping, **following}})
    last = finished(events)
    kept = last.best if stopping else last.final
    assert engine.scores() == kept
    learning, _ = run({**RECIPE, "training": {"epochs": 40}})
    assert (engine.theta != learning.theta).any()


def test_training_goes_on_from_the_weights_that_learn() -> None:
    """An average changes the evaluated weights, not the training."""
    _, plain = run({**RECIPE, "training": {"epochs": 10}})
    _, averaged = run({**RECIPE, "training": {"epochs": 10, "averaging": "ema"}})
    losses = [[event.train_loss for event in events if hasattr(event, "train_loss")] for events in (plain, averaged)]
    assert losses[0] == losses[1]
    assert finished(plain).final != finished(averaged).final


def test_before_the_first_epoch_that_counts_the_learning_weights_are_measured() -> None:
    engine = Engine(built({**RECIPE, "training": {"epochs": 10, "averaging": "swa"}}).plan)
    engine.theta += 1
    before = engine.theta.copy()
    with engine.measured_weights(5):
        assert (engine.theta == before).all()
    with engine.measured_weights(40):
        trainable = slice(engine.plan.network.parameters)  # running averages are computed again
        np.testing.assert_allclose(engine.theta[trainable], before[trainable] - 1, atol=1e-6)
    assert (engine.theta == before).all()


@pytest.mark.parametrize(("key", "value"), [("lookahead", "{}"), ("averaging", "ema")])
def test_lbfgs_refuses_them(nntrain: CommandLine, key: str, value: str) -> None:
    refused = nntrain("fit", "-", stdin=f"data: {{source: iris}}\noptimizer: lbfgs\ntraining: {{{key}: {value}}}\n")
    assert refused.status == 2
    assert f"3:12: training.{key}: lbfgs runs its own full-batch iterations" in refused.err
