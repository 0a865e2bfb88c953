"""Dropout: the right share, the right scale, a gradient that fits, and the same units at the same step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.diagnostics.gradcheck import check
from nntrain.diagnostics.small import small_plan
from nntrain.layers.dropout import dropout_backward, dropout_forward, hash32, step_key
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.network.network import Network
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from tests.helpers import CommandLine, built, compiled, finished, make, run


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(share: float) -> None:
    h = np.ones(100_000)
    compiled(dropout_forward)(h, share, step_key(3, 7))
    assert set(np.unique(h)) == {0.0, 1 / (1 - share)}
    error = 4 * np.sqrt(share * (1 - share) / h.size)
    assert abs((h == 0).mean() - share) < error
    assert abs(h.mean() - 1) < error / (1 - share)


def test_steps_layers_and_seeds_drop_other_units() -> None:
    def dropped(key: int) -> np.ndarray[Any, Any]:
        h = np.ones(4000)
        compiled(dropout_forward)(h, 0.5, key)
        return np.asarray(h == 0)

    keys = [step_key(0, 1), step_key(0, 2), step_key(1, 1), hash32(step_key(0, 1) + 5)]
    masks = [dropped(key) for key in keys]
    for i, one in enumerate(masks):
        assert (dropped(keys[i]) == one).all()
        for other in masks[:i]:
            assert abs((one == other).mean() - 0.5) < 0.04  # as alike as chance makes them
    pairs = np.corrcoef(masks[0][:-1], masks[0][1:])[0, 1]
    assert abs(pairs) < 0.06


def test_backward_drops_what_forward_dropped() -> None:
    before = np.linspace(1, 2, 50)
    h, d = before.copy(), np.ones(50)
    compiled(dropout_forward)(h, 0.4, 99)
    kept = h != 0
    compiled(dropout_backward)(h, d, 0.4, 99)
    np.testing.assert_array_equal(d, np.where(kept, 1 / 0.6, 0))
    np.testing.assert_allclose(h[kept], before[kept], rtol=1e-15)


def with_dropout(plan: Plan, share: float) -> Plan:
    layers = plan.network.layers
    return replace(plan, network=Network([*(replace(layer, dropout=share) for layer in layers[:-1]), layers[-1]]))


@pytest.mark.parametrize("name", members(Activation))
def test_the_gradient_is_that_of_the_network_that_is_left(name: str) -> None:
    """The units of a step are a function of its number, so that differences see the same ones."""
    plan = with_dropout(small_plan(make(Activation, name), MeanSquaredError()), 0.3)
    checks = check(plan)
    assert not any(one.failed for one in checks)
    assert all(one.verdict in ("good", "fair") for one in checks)
    whole = Engine(replace(plan, network=with_dropout(plan, 0.0).network))
    part = Engine(plan)
    for engine in (whole, part):
        engine.loss_and_gradient()
    assert (whole.grad != part.grad).any()


def test_evaluation_drops_nothing() -> None:
    recipe = {"data": {"source": "moons"}, "model": {"hidden": [16], "dropout": 0.5}, "training": {"epochs": 1}}
    engine, plain = Engine(built(recipe).plan), Engine(built({**recipe, "model": {"hidden": [16]}}).plan)
    assert engine.score(engine.train) == plain.score(plain.train)


def test_dropout_closes_the_gap_between_training_and_validation() -> None:
    recipe = {
        "data": {"source": {"name": "moons", "rows": 120, "noise": 0.4}},
        "optimizer": {"lr": 0.01},
        "training": {"epochs": 300},
    }
    gaps = []
    for share in (0.0, 0.5):
        last = finished(run({**recipe, "model": {"hidden": [64, 64], "dropout": share}})[1])
        gaps.append(last.final["validation"].loss - last.final["train"].loss)
    assert gaps[1] < 0.5 * gaps[0]


def test_show_names_it_and_lbfgs_refuses_it(nntrain: CommandLine) -> None:
    recipe = "data: {source: iris}\nmodel: {hidden: [8], dropout: 0.25}\n"
    assert "tanh, dropout 0.25" in nntrain("show", "-", "--set", "model.activation=tanh", stdin=recipe).out
    refused = nntrain("fit", "-", "--set", "optimizer=lbfgs", stdin=recipe)
    assert refused.status == 2
    assert "2:22: model.dropout: lbfgs needs a deterministic loss, without dropout" in refused.err
