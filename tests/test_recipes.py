"""The shipped recipes, each a test of the whole; scikit-learn beside them on the same rows."""

from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier

from nntrain.recipe.document import read_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import parse, to_data
from nntrain.resources import shipped_recipes
from nntrain.training.events import Stopped
from nntrain.training.plan import Plan
from tests.helpers import ROOT, CommandLine, built, finished, run


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


def final(name: str, *settings: str, part: str = "validation") -> Any:
    """Return the last event of a recipe with some keys set, and the final scores on a part of its data."""
    document = apply_overrides(read_document(name, shipped_recipes()[name].read_text()), settings)
    last = finished(run(to_data(parse(document)))[1])
    return last, last.final.get(part, last.final["train"])


def test_line_and_ravine() -> None:
    """K, S: momentum runs along a ravine that plain descent creeps along."""
    plain, line = final("line")
    rolling, ravine = final("ravine")
    assert plain.stopped is rolling.stopped is Stopped.GRADIENT
    assert line.metric == pytest.approx(1)
    assert ravine.metric == pytest.approx(1)
    assert rolling.steps < plain.steps / 3


def test_a_saturated_start() -> None:
    """L: the factor o(1 - o) keeps the squared error where it is, and has dropped out of the cross-entropy."""
    assert final("saturated_cross_entropy")[1].metric > 0.9
    assert final("saturated_mse")[1].metric < 0.2


def test_a_deep_tanh_network_needs_the_right_first_weights() -> None:
    """H: zeros and small weights fade out from layer to layer, large ones saturate."""
    assert final("deep_tanh")[1].metric > 0.9
    for initializer in ("zeros", "{name: normal, scale: 0.01}"):
        assert final("deep_tanh", f"model.initializer={initializer}")[1].metric < 0.2
    assert final("deep_tanh", "model.initializer={name: normal, scale: 1}")[1].metric < 0.7


def test_a_cliff_throws_out_what_is_not_clipped() -> None:
    """S: the same recipe trains with its gradients clipped, and diverges in the first epoch without."""
    clipped, train = final("cliff", part="train")
    assert clipped.stopped is Stopped.EPOCHS
    assert train.metric > 0.99
    thrown, _ = final("cliff", "regularization.clip_norm=")
    assert thrown.stopped is Stopped.DIVERGED
    assert thrown.epochs == 0


def test_overfitting_and_its_cures(nntrain: CommandLine, tmp_path: Path) -> None:
    """K, N: the validation loss rises; early stopping, decay, dropout, noise, averages and more data lower it again."""
    ended = nntrain("fit", shipped_recipes()["overfit"], "--out", tmp_path / "run", "--json", "-q")
    assert ended.json["verdict"].startswith("overfits")
    loss = ended.json["validation"]["loss"]
    cures = ("regularization.weight_decay=1", "model.dropout=0.5", "data.source.rows=2000")
    for cure in (*cures, "regularization.input_noise=0.3", "training.averaging=ema"):
        assert final("overfit", cure)[1].loss < 0.7 * loss
    stopped, _ = final("overfit", "training.early_stopping={}")
    assert stopped.best["validation"].loss < 0.7 * loss
