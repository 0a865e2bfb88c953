"""Learning rates against their formulas, and against torch, keras and scikit-learn."""

import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.recipe.json_schema import draft7
from nntrain.recipe.schema import Recipe
from nntrain.registry import members
from nntrain.schedules import Schedule, Span
from nntrain.schedules.decay import InverseTimeDecay
from nntrain.schedules.plateau import Plateau, ReduceOnPlateau
from nntrain.training.events import EpochEnded
from tests.helpers import built, make, run

RECORDED = json.loads((Path(__file__).parent / "recorded" / "schedules.json").read_text())
CASES = RECORDED["cases"]
STEPS = np.arange(RECORDED["steps"])
NEEDED = {"step": {"every": 3}, "warm_restarts": {"first": 4}}


@pytest.mark.parametrize("case", [name for name in CASES if "plateau" not in name])
def test_rates_are_the_reference_librarys(case: str) -> None:
    keys = CASES[case]["keys"]
    steps = STEPS.size + (1 if keys["name"] == "one_cycle" else 0)  # torch steps once more than it trains
    schedule = make(Schedule, **keys)
    found = schedule.factors(STEPS, 0, Span(steps, 1))
    # keras computes its cosine in float32
    np.testing.assert_allclose(found, CASES[case]["rates"], rtol=2e-7 if case == "keras cosine" else 1e-9, atol=1e-12)


@pytest.mark.parametrize("case", [name for name in CASES if "plateau" in name])
def test_the_plateau_lowers_when_torch_does(case: str) -> None:
    schedule = make(Schedule, **CASES[case]["keys"])
    assert isinstance(schedule, ReduceOnPlateau)
    policy, found = Plateau(schedule), []
    for loss in RECORDED["losses"]:
        policy.record(loss)
        found.append(policy.factor)
    assert found == pytest.approx(CASES[case]["rates"], rel=1e-12)
    assert len(set(found)) > 2


def test_a_plateau_of_a_negative_loss_lowers_the_rate() -> None:
    """The margin is relative to |best|; torch's best (1 - threshold) would be above a negative best."""
    policy = Plateau(make(ReduceOnPlateau, "reduce_on_plateau", patience=2, lower=0.5, threshold=0.1))
    for loss in (-1.0, -1.05, -1.09, -0.95):
        policy.record(loss)
    assert (policy.best, policy.factor) == (-1.0, 0.5)
    policy.record(-1.11)
    assert (policy.best, policy.factor) == (-1.11, 0.5)
    policy.record(0.0)
    assert policy.waited == 1
    schedule = {"name": "reduce_on_plateau", "patience": 5}
    gaussian = {"name": "gaussian_nll", "sigma": 0.1}
    data = {"source": {"name": "line", "rows": 200, "noise": 0.05}, "test": 0}
    training = {"epochs": 150, "batch_size": "full", "dtype": "float64"}
    recipe = {"data": data, "model": {"hidden": []}, "loss": gaussian, "optimizer": {"name": "sgd", "lr": 0.002}}
    _, events = run({**recipe, "schedule": schedule, "training": training})
    last = [event for event in events if isinstance(event, EpochEnded)][-1]
    assert last.train_loss < 0
    assert last.learning_rate < 1e-4


def test_every_schedule_is_recorded() -> None:
    assert {case["keys"]["name"] for case in CASES.values()} == set(members(Schedule)) - {"constant"}


@pytest.mark.parametrize("name", members(Schedule))
def test_k_counts_steps_or_epochs_and_a_warm_up_goes_before(name: str) -> None:
    keys = NEEDED.get(name, {})
    steps = np.arange(20, 30)
    per_epoch = make(Schedule, name, **keys, per="epoch").factors(steps, 7, Span(400, 40))
    per_step = make(Schedule, name, **keys, per="step").factors(np.array([7]), 0, Span(40, 1))
    assert (per_epoch == per_step).all()
    warm = make(Schedule, name, **keys, warmup=4).factors(np.arange(44), 0, Span(44, 1))
    np.testing.assert_allclose(warm[:4], [0.2, 0.4, 0.6, 0.8])
    np.testing.assert_array_equal(warm[4:], make(Schedule, name, **keys).factors(np.arange(40), 0, Span(40, 1)))


@pytest.mark.parametrize("per", ["step", "epoch"])
@pytest.mark.parametrize("warmup", [0, 3])
@pytest.mark.parametrize("name", members(Schedule))
def test_rates_of_many_epochs_are_those_of_each(name: str, warmup: int, per: str) -> None:
    schedule = {"name": name, **NEEDED.get(name, {}), "warmup": warmup, "per": per}
    data = {"source": {"name": "moons", "rows": 100}}
    plan = built({"data": data, "schedule": schedule, "training": {"epochs": 9, "batch_size": 16}}).plan
    each = [plan.learning_rates(e * plan.steps_per_epoch, e, 1)[0] for e in range(2, 9)]
    assert plan.learning_rates(2 * plan.steps_per_epoch, 2, 7).tolist() == np.array(each).tolist()


def test_constant_is_one() -> None:
    assert (make(Schedule, "constant").factors(STEPS, 3, Span(60, 1)) == 1).all()


def test_inverse_time_decay_is_one_over_one_plus_eps_k() -> None:
    """Larson: eta / (1 + eps k)."""
    found = make(Schedule, "inverse_time_decay", eps=0.1).factors(np.array([0, 1, 10, 100]), 7, Span(200, 10))
    np.testing.assert_allclose(found, [1, 1 / 1.1, 1 / 2, 1 / 11], rtol=1e-15)


def test_cooling_is_an_alias_of_inverse_time_decay() -> None:
    """Recipes may use either name, alone or with keys, and each stays as it was written."""
    for schedule in ("cooling", {"name": "cooling", "eps": 0.5}, {"name": "inverse_time_decay", "eps": 0.5}):
        plan = built({"data": {"source": "iris"}, "schedule": schedule}).plan
        assert isinstance(plan.schedule, InverseTimeDecay)
        assert plan.schedule.name == (schedule if isinstance(schedule, str) else schedule["name"])
    assert "cooling" not in members(Schedule)  # nntrain list shows a component once
    schema = draft7(Recipe)["properties"]["schedule"]
    named, *variants = schema["anyOf"]
    assert {"cooling", "inverse_time_decay"} <= set(named["enum"])
    assert len(variants) == len(members(Schedule))


def test_linear_reaches_eps_tau_at_tau_and_stays() -> None:
    """Lan: (1 - k/tau) eps_0 + k/tau eps_tau, and eps_tau after tau."""
    found = make(Schedule, "linear", tau=10, end=0.01).factors(np.array([0, 5, 10, 50]), 0, Span(100, 1))
    np.testing.assert_allclose(found, [1, 0.505, 0.01, 0.01], rtol=1e-15)


def test_a_run_lowers_its_rate_on_a_plateau() -> None:
    schedule = {"name": "reduce_on_plateau", "patience": 2, "lower": 0.5}
    recipe = {
        "data": {"source": {"name": "moons", "noise": 0.3}},
        "model": {"hidden": [16]},
        "optimizer": {"lr": 0.1},
        "schedule": schedule,
        "training": {"epochs": 60},
    }
    _, events = run(recipe)
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    policy = Plateau(make(ReduceOnPlateau, "reduce_on_plateau", patience=2, lower=0.5))
    for epoch in epochs:
        assert epoch.learning_rate == pytest.approx(0.1 * policy.factor)
        assert epoch.validation is not None
        policy.record(epoch.validation.loss)
    assert epochs[-1].learning_rate < 0.05
