"""The shipped recipes, each a test of the whole; scikit-learn beside them on the same rows."""

from statistics import fmean, median
from typing import Any

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier

from nntrain.resources import shipped_recipes
from nntrain.training.plan import Plan
from tests.helpers import ROOT, built, finished, run


def text_of(name: str, seed: int) -> str:
    return f"{shipped_recipes()[name].read_text()}seed: {seed}\n"


def scores(name: str, seeds: range) -> list[float]:
    """Return the metric on the test part, one for each seed, of the weights that the run keeps."""
    found = []
    for seed in seeds:
        last = finished(run(text_of(name, seed))[1])
        metric = (last.best if last.kept == "best" else last.final)["test"].metric
        assert metric is not None
        found.append(metric)
    return found


def test_digits() -> None:
    assert median(scores("digits", range(5))) >= 0.97


def test_moons() -> None:
    source = built(text_of("moons", 0)).recipe.data.source.model_dump()
    assert source["noise"] == 0.1
    assert median(scores("moons", range(5))) >= 0.98


def test_friedman1() -> None:
    assert median(scores("friedman1", range(5))) >= 0.93


def theirs(plan: Plan, model: Any) -> float:
    """Return scikit-learn's score on the same test part, trained on the same training part."""
    train, test = plan.data.train, plan.data.test
    assert test is not None
    return float(model.fit(train.x, train.y).score(test.x, test.y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_at_least_as_good_as_scikit_learn(name: str) -> None:
    """Mean accuracy over ten seeds, each a split of its own, beside an MLPClassifier of the same shape."""
    assert ConvergenceWarning  # its 200 epochs are its default
    expected = []
    for seed in range(10):
        plan = built(text_of(name, seed)).plan
        hidden = [layer.n_out for layer in plan.network.layers[:-1]]
        activation = plan.network.layers[0].activation.name
        model = MLPClassifier(hidden_layer_sizes=hidden, activation=activation, random_state=seed)
        expected.append(theirs(plan, model))
    assert fmean(scores(name, range(10))) >= fmean(expected)


def test_diabetes_is_at_least_as_good_as_ridge_regression() -> None:
    expected = [theirs(built(text_of("diabetes", seed)).plan, Ridge()) for seed in range(10)]
    assert median(scores("diabetes", range(10))) >= median(expected)


def test_every_recipe_is_told_of() -> None:
    text = (ROOT / "recipes" / "README.md").read_text()
    assert all(f"`{name}`" in text for name in shipped_recipes())
