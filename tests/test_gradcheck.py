"""nntrain gradcheck: right gradients pass, and every planted mistake is caught."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.activations.rectifiers import ReLU
from nntrain.diagnostics.gradcheck import SWEEP, after_steps, check
from nntrain.diagnostics.mutations import MUTATIONS, plant
from nntrain.diagnostics.small import small_plan
from nntrain.losses import Loss
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.norms import Norm
from nntrain.registry import Component, members
from nntrain.training.settings import Regularization
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine, built, make

DTYPES = ("float64", "float32")


def test_every_component_passes(nntrain: CommandLine) -> None:
    ended = nntrain("gradcheck", "--json")
    assert ended.status == 0
    checks = ended.json
    checked = {check["of"] for check in checks}
    families: dict[str, type[Component]] = {"activation": Activation, "norm": Norm, "loss": Loss}
    named = {f"{family} {name}" for family, base in families.items() for name in members(base)}
    assert checked == named | {"dropout"}
    assert {(check["of"], check["dtype"]) for check in checks} == {(of, t) for of in checked for t in DTYPES}
    zero = {(check["of"], check["name"]) for check in checks if check["verdict"] == "not checked"}
    assert zero == {("norm batch", "1 biases"), ("norm batch", "2 biases")}  # their gradient is 0 within rounding
    assert {check["verdict"] for check in checks} <= {"good", "fair", "not checked"}
    assert not any(check["failed"] for check in checks)
    assert sum(check["checked"] for check in checks) > 1000
    table = nntrain("gradcheck").out
    assert "activation gelu" in table
    assert "error by h" in table


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mistake_is_caught_and_its_plan_is_right_without_it(name: str) -> None:
    (caught,) = plant(name)
    assert caught.caught
    assert caught.worst.error > 0.1
    mutation = MUTATIONS[name]
    right = small_plan(mutation.activation.model_validate({}), mutation.loss.model_validate({}))
    assert not any(one.failed for one in check(right))


def test_mutate_ends_with_0_only_if_all_were_caught(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = nntrain("gradcheck", "--mutate", "all")
    assert ended.status == 0
    assert ended.out.count("yes") == len(MUTATIONS)
    harmless = replace(MUTATIONS["not_zeroed"], name="harmless", tamper=lambda engine, gradient: gradient)
    monkeypatch.setitem(MUTATIONS, "harmless", harmless)
    missed = nntrain("gradcheck", "--mutate", "harmless", "--json")
    assert missed.status == 1
    assert missed.json[0]["caught"] is False
    assert "did you mean missing_mean?" in nntrain("gradcheck", "--mutate", "missing_meen").err


@pytest.mark.parametrize("recipe", ["digits", "iris", "diabetes", "line"])
def test_a_recipe_is_checked_on_its_own_data_at_first_and_after_some_steps(nntrain: CommandLine, recipe: str) -> None:
    ended = nntrain("gradcheck", shipped_recipes()[recipe], "--json")
    assert ended.status == 0
    assert {check["of"] for check in ended.json} == {"initial weights", "after 10 steps"}


def test_a_wrong_gradient_ends_with_1(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ReLU, "backward", MUTATIONS["relu_gate"].backward)
    ended = nntrain("gradcheck", shipped_recipes()["digits"])
    assert ended.status == 1
    assert "wrong" in ended.out


def test_the_error_by_h_is_a_v() -> None:
    """It falls with h² until rounding, which grows as 1/h, takes over."""
    first, *_ = check(small_plan(make(Activation, "tanh"), MeanSquaredError()))
    assert (first.dtype, first.name) == ("float64", "1 weights")
    errors = dict(first.sweep)
    assert tuple(errors) == SWEEP
    assert errors[1e-2] / errors[1e-3] == pytest.approx(100, rel=0.2)
    assert errors[1e-9] > 10 * errors[1e-5]


def test_a_step_over_a_corner_is_counted_apart() -> None:
    """With biases that put pre-activations of ReLU at 0, the difference quotient is half of the derivative."""
    plan = small_plan(ReLU(), MeanSquaredError())
    theta = plan.network.initial(0, np.dtype(np.float64))
    (W, b), *_ = plan.network.views(theta)
    b[:] = -(plan.data.train.x[:3] @ W).mean(axis=0)
    b[0] = -(plan.data.train.x[0] @ W)[0]  # exactly on the corner for the first row
    checks = check(plan, theta)
    assert sum(one.corners for one in checks) > 0
    assert not any(one.failed for one in checks)


def test_the_penalty_is_checked_apart() -> None:
    plan = small_plan(make(Activation, "tanh"), MeanSquaredError())
    plan = replace(plan, regularization=Regularization(l1=0.1, l2=0.2))
    checks = check(plan)
    terms = [one.term for one in checks if one.dtype == "float64"]
    assert terms == ["data"] * 6 + ["penalty"] * 6
    assert not any(one.failed for one in checks)
    biases = [one for one in checks if one.term == "penalty" and "biases" in one.name]
    assert all(one.analytic == one.numeric == 0 for one in biases)


def test_the_penalty_of_biases_is_for_gamma_and_beta_too() -> None:
    plan = small_plan(make(Activation, "tanh"), MeanSquaredError(), norm=make(Norm, "batch"))
    checks = check(replace(plan, regularization=Regularization(l2=0.2, biases=True)))
    assert not any(one.failed for one in checks)
    gamma = next(one for one in checks if one.term == "penalty" and one.name == "1 gamma")
    assert gamma.analytic == pytest.approx(0.2)


def test_steps_are_those_of_training_and_end_where_it_diverges(nntrain: CommandLine) -> None:
    recipe = shipped_recipes()["line"]
    ended = nntrain("gradcheck", recipe, "--set", "optimizer.lr=10", "--steps", 500)
    assert ended.status == 3
    assert "training diverged at step" in ended.err
    assert "initial weights" in ended.out
    assert {
        check["of"] for check in nntrain("gradcheck", recipe, "--set", "optimizer.lr=10", "--steps", 500, "--json").json
    } == {"initial weights"}
    assert nntrain("gradcheck", recipe, "--set", "optimizer.lr=10").status == 0  # weights of 1e25 are no mistake
    plan = built({"data": {"source": "friedman1"}, "regularization": {"clip_norm": 1e-6}, "optimizer": "sgd"}).plan
    assert np.linalg.norm(after_steps(plan, 3) - after_steps(plan, 0)) < 1e-6


def test_options_that_would_mean_nothing_are_refused(nntrain: CommandLine) -> None:
    assert nntrain("gradcheck", "none.yaml", "--mutate", "not_zeroed").status == 2
    assert nntrain("gradcheck", "--set", "seed=3").status == 2


def test_steps_of_lbfgs_are_its_iterations() -> None:
    plan = built({"data": {"source": "iris"}, "optimizer": "lbfgs"}).plan
    assert (after_steps(plan, 2) != after_steps(plan, 1)).any()


def test_after_steps_are_the_optimizers_own() -> None:
    plan = built({"data": {"source": "iris"}, "optimizer": {"name": "sgd", "lr": 0.1}}).plan
    first = after_steps(plan, 0)
    assert (after_steps(plan, 1) != first).any()
    np.testing.assert_array_equal(first, plan.network.initial(plan.seed, np.dtype(np.float64)))
