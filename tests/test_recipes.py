"""The shipped recipes, each a test of the whole; scikit-learn beside them on the same rows."""

import re
import shlex
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier

from nntrain.recipe.document import read_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import parse, to_data
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Stopped
from nntrain.training.plan import Plan
from nntrain.utils.resources import shipped_recipes
from tests.helpers import ROOT, CommandLine, built, finished, run


def text_of(name: str, seed: int) -> str:
    return f"{shipped_recipes()[name].read_text()}seed: {seed}\n"


@cache
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
    assert median(scores("digits", range(10))) >= 0.97


def test_moons() -> None:
    source = built(text_of("moons", 0)).recipe.data.source.model_dump()
    assert source["noise"] == 0.1
    assert median(scores("moons", range(10))) >= 0.98


def test_friedman1() -> None:
    assert median(scores("friedman1", range(10))) >= 0.93


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


README = (ROOT / "recipes" / "README.md").read_text()


def test_every_recipe_is_documented() -> None:
    assert all(f"`{name}`" in README for name in shipped_recipes())


def expected(name: str) -> list[float]:
    """Return the numbers in the last column of a recipe's line in the README."""
    line = next(line for line in README.splitlines() if line.startswith("| ") and f"`{name}`" in line.split("|")[1])
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", line.split("|")[3])]


@pytest.mark.parametrize("name", ["digits", "moons", "iris", "wine", "breast_cancer", "diabetes", "friedman1"])
def test_the_readme_has_the_range_over_ten_seeds(name: str) -> None:
    """To the last digit shown, give or take a row or two: processors round differently."""
    found, (low, high, *_) = scores(name, range(10)), expected(name)
    assert (min(found), max(found)) == pytest.approx((low, high), abs=0.015)


def test_the_readme_has_the_medians_of_diabetes() -> None:
    ridge = median(theirs(built(text_of("diabetes", seed)).plan, Ridge()) for seed in range(10))
    assert expected("diabetes")[2:] == pytest.approx([median(scores("diabetes", range(10))), ridge], abs=0.015)


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
    assert expected("ravine") == [3, 1, rolling.steps, plain.steps]
    assert expected("line")[:2] == [3, 1]
    assert plain.steps == pytest.approx(expected("line")[2], rel=0.02)


def test_a_saturated_start() -> None:
    """L: the factor p(1 - p) keeps the squared error where it is, and has dropped out of the cross-entropy."""
    names = ("saturated_mse", "saturated_cross_entropy")
    found = [final(name, part="test")[1].metric for name in names]
    assert found == pytest.approx(expected("saturated_mse"), abs=0.02)
    assert found[0] < 0.2
    assert found[1] > 0.9
    engines = [Engine(built(text_of(name, 0)).plan) for name in names]
    both, logit = (engine.outputs(engine.train) for engine in engines)
    second = 1 / (1 + np.exp(-logit))  # of the same rows
    np.testing.assert_array_equal(engines[0].train.y, engines[1].train.y)
    np.testing.assert_allclose(both, np.hstack([1 - second, second]), atol=1e-6)
    assert [engine.score(engine.train).metric for engine in engines] == pytest.approx([0.09, 0.09], abs=0.02)


def test_a_deep_tanh_network_needs_the_right_first_weights() -> None:
    """H: zeros and small weights fade out from layer to layer, large ones saturate."""
    small, large = (f"model.initializer={{name: normal, scale: {scale}}}" for scale in (0.01, 1))
    good, fading, _, saturated, _ = expected("deep_tanh")
    assert final("deep_tanh", part="test")[1].metric == pytest.approx(good, abs=0.015)
    for first in ("model.initializer=zeros", small):
        assert final("deep_tanh", first, part="test")[1].metric == pytest.approx(fading, abs=0.015)
    assert final("deep_tanh", large, part="test")[1].metric == pytest.approx(saturated, abs=0.05)
    for rescue in ((small, "model.norm=batch"), (large, "model.norm=batch"), ("model.initializer=lsuv",)):
        assert final("deep_tanh", *rescue, part="test")[1].metric > 0.85


def test_a_cliff_throws_out_what_is_not_clipped() -> None:
    """S: the same recipe trains with its gradients clipped, and diverges in the first epoch without."""
    share, learned, validated = expected("cliff")
    events = run(text_of("cliff", 0))[1]
    clipped, (*_, epoch) = finished(events), (event for event in events if isinstance(event, EpochEnded))
    assert clipped.stopped is Stopped.EPOCHS
    assert epoch.clipped == pytest.approx(share / 100, abs=0.02)
    assert clipped.final["train"].metric == pytest.approx(learned, abs=0.005)
    assert clipped.final["validation"].metric == pytest.approx(validated, abs=0.05)
    thrown, _ = final("cliff", "regularization.clip_norm=")
    assert thrown.stopped is Stopped.DIVERGED
    assert thrown.diverged.step <= 10


def test_overfitting_and_its_cures(nntrain: CommandLine, tmp_path: Path) -> None:
    """K, N: the validation loss rises; early stopping, decay, dropout, noise, averages and more data lower it again."""
    ended = nntrain("fit", shipped_recipes()["overfit"], "--out", tmp_path / "run", "--json", "-q")
    assert ended.json["verdict"].startswith("overfits")
    loss, low, high = expected("overfit")
    assert ended.json["validation"]["loss"] == pytest.approx(loss, abs=0.03)
    cures = re.findall(r"--set (\S+)=('\{\}'|\S+)", shipped_recipes()["overfit"].read_text())
    assert len(cures) == 6
    found = []
    for key, value in cures:
        last, _ = final("overfit", f"{key}={value.strip(chr(39))}")
        found.append((last.best if last.kept == "best" else last.final)["validation"].loss)
    assert (min(found), max(found)) == pytest.approx((low, high), abs=0.015)


COMMANDS = dict(re.findall(r"^(nntrain .*?)  +# (.*)$", README, re.MULTILINE))


def tried(nntrain: CommandLine, folder: Path, remark: str) -> Any:
    """Run the command of the README that has this remark."""
    (command,) = (command for command, told in COMMANDS.items() if remark in told)
    _, verb, recipe, *options = shlex.split(command)
    place = ("--out", folder / "run", "--overwrite") if verb == "fit" else ()
    return nntrain(verb, shipped_recipes()[Path(recipe).stem], *options, *place, "--json")


def test_the_readmes_commands_show_what_it_says(nntrain: CommandLine, tmp_path: Path) -> None:
    def at(remark: str) -> Any:
        return tried(nntrain, tmp_path, remark)

    found = at("also try {name: normal, scale: 0.01}").json["findings"]
    assert {finding["kind"] for finding in found} == {"zero_activations", "zero_weights", "equal_units"}
    curvature = at("condition number 70").json["curvature"]
    assert curvature["condition"] == pytest.approx(70, abs=0.5)
    assert curvature["largest_lr"] == pytest.approx(2 / curvature["largest"])
    assert at("w = 1: error 50").json["loss"] == 50
    assert at("a linear model: 88 %").json["validation"]["accuracy"] == pytest.approx(0.88, abs=0.01)
    dead = at("all are dead").json
    assert dead["dead"] == 1
    assert dead["verdict"].startswith("underfits")
    adam = nntrain("fit", shipped_recipes()["digits"], "--out", tmp_path / "adam", "--json").json
    assert at("slower than Adam").json["train"]["loss"] > 10 * adam["train"]["loss"]
    assert at("a line search").json["stopped"] == "early_stopping"
    assert at("31 times as many steps").json["steps"] // adam["steps"] == 31
    full = at("100 epochs are 100 steps").json
    assert full["steps"] == full["epochs"] == 100
    assert full["train"]["loss"] > 10 * adam["train"]["loss"]
    diverged = at("exit status 3")
    assert (diverged.status, diverged.json["stopped"]) == (3, "diverged")
    assert at("kill every hidden unit").json["layers"][0]["dead"] == 1
    assert len(COMMANDS) == 11


@pytest.mark.parametrize(
    ("name", "seed", "expected"),
    [("two_minima", 0, [1.0, 1.97]), ("two_minima", 1, [-1.0, -1.97]), ("plateau", 0, [2.75]), ("product", 0, [0, 0])],
)
def test_small_surfaces(name: str, seed: int, expected: list[float]) -> None:
    engine, _ = run(text_of(name, seed))
    np.testing.assert_allclose(engine.theta[: len(expected)], expected, atol=0.01)


def test_plateau_is_left_late() -> None:
    engine, _ = run(text_of("plateau", 0).replace("epochs: 300", "epochs: 30"))
    assert engine.theta[0] == pytest.approx(-5.84, abs=0.01)


def test_the_first_step_from_the_edge_of_a_cliff() -> None:
    _, events = run(text_of("steep", 0).replace("epochs: 100", "epochs: 1"))
    (ended,) = (event for event in events if isinstance(event, EpochEnded))
    assert ended.gradient_norm == pytest.approx(605, abs=1)
    assert ended.parameters is not None
    assert ended.parameters[0] == pytest.approx(0.005 - 30.27, abs=0.01)


def test_rosenbrock() -> None:
    assert finished(run(text_of("rosenbrock", 0))[1]).final["train"].loss == pytest.approx(5.49, abs=0.01)


def test_three_fits_of_a_sine() -> None:
    losses = {}
    for hidden in ("[]", "[3]", "[100]"):
        validation = finished(run(text_of("sine", 0).replace("hidden: [3]", f"hidden: {hidden}"))[1]).final[
            "validation"
        ]
        losses[hidden] = validation.loss
    assert losses["[3]"] < 0.75 * losses["[]"]
    assert losses["[100]"] > 10 * losses["[3]"]
