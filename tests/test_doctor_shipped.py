"""Shipped recipes are diagnosed as recipes/README.md says: cheap ones in the suite, the others by -m exhaustive."""

import pytest

from nntrain.artifacts.lookup import load_recipe
from nntrain.doctor.case import Case
from nntrain.doctor.examine import examine
from nntrain.doctor.report import Report

FAILS = [
    ("wine", "data.standardize=false", {"unscaled_features"}),
    ("moons", "model.initializer=zeros", {"equal_units"}),
    ("moons", "model.hidden=[]", {"too_narrow"}),
    ("overfit", "seed=0", {"overfitting"}),
]
COSTLY = [
    ("line", "optimizer.lr=0.1", {"learning_rate_too_high"}),
    ("deep_tanh", "model.initializer=zeros", {"equal_units"}),
    ("deep_tanh", "model.initializer={name: normal, scale: 0.01}", {"initial_weights_scale"}),
    ("deep_tanh", "model.initializer={name: normal, scale: 1}", {"initial_weights_scale"}),
    ("cliff", "regularization.clip_norm=", {"learning_rate_too_high", "exploding_gradient"}),
    ("digits", "training.batch_size=full", {"batch_too_large"}),
    ("saturated_mse", "seed=0", {"wrong_loss"}),
]
EXHAUSTIVE = pytest.mark.exhaustive
HEALTHY = ["line", "ravine", "iris", "moons"]
COSTLY_HEALTHY = ["breast_cancer", "deep_tanh", "diabetes", "digits", "friedman1", "saturated_cross_entropy", "wine"]


def examined(name: str, *settings: str) -> Report:
    loaded = load_recipe(name, settings)
    return examine(Case(loaded.document, loaded.folder, loaded.name), 120)


@pytest.mark.parametrize(
    ("name", "setting", "causes"), [*FAILS, *(pytest.param(*one, marks=EXHAUSTIVE) for one in COSTLY)]
)
def test_a_recipe_that_is_meant_to_fail(name: str, setting: str, causes: set[str]) -> None:
    found = examined(name, setting).found
    assert found
    assert found[0].id in causes, [one.id for one in found]


@pytest.mark.parametrize(
    "name", [*HEALTHY, *(pytest.param(one, marks=pytest.mark.exhaustive) for one in COSTLY_HEALTHY)]
)
def test_a_healthy_recipe(name: str) -> None:
    report = examined(name)
    assert [one.id for one in report.found] == []
    assert report.complete
