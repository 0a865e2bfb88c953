"""Class weights: balanced weights, weighted means, and invalid input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from nntrain.losses import Loss
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded
from tests.helpers import CommandLine, built, make, run


def recipe(loss: str, keys: dict[str, Any], rows: int = 90, batch_size: int | str = "full") -> dict[str, Any]:
    source = {"name": "blobs", "rows": rows, "classes": 2 if loss == "bce" else 3}
    training = {"epochs": 3, "dtype": "float64", "batch_size": batch_size}
    return {"data": {"source": source}, "loss": {"name": loss, **keys}, "training": training}


def test_balanced_is_scikit_learns() -> None:
    y = np.repeat([0, 1, 2], [5, 20, 75])
    loss = make(Loss, "cross_entropy", class_weights="balanced").resolved(np.bincount(y))
    expected = compute_class_weight("balanced", classes=np.arange(3), y=y)
    np.testing.assert_allclose(loss.numbers()[3:], expected, rtol=1e-15)


@pytest.mark.parametrize(("name", "weights"), [("cross_entropy", [1.0, 2.0, 1.0]), ("bce", [1.0, 2.0])])
def test_a_weight_of_two_is_every_row_of_the_class_twice(name: str, weights: list[float]) -> None:
    twice = {"class_weights": weights, "weighted_mean": True}
    weighted, plain = (Engine(built(recipe(name, keys)).plan) for keys in (twice, {}))
    once = np.arange(30)
    found, gradient = weighted.loss_and_gradient(once)
    expected, doubled = plain.loss_and_gradient(np.concatenate([once, once[plain.train.y[once] == 1]]))
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, doubled, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("dialect", "expected"), [("keras", 1.15481), ("torch", 0.69136)])
def test_a_weight_in_keras_is_for_the_row_and_in_torch_for_the_class(dialect: str, expected: float) -> None:
    """Three samples worked by hand, with weighted classes and smoothed targets."""
    source = {"name": "given", "x": [[2, 0], [0, 1], [1, 1]], "o": ["a", "b", "c"]}
    weights = {"name": "given", "values": [[1, 0, -1], [0, 2, 0.5]]}
    engine = Engine(
        built(
            {
                "data": {"source": source, "validation": 0, "test": 0, "standardize": False},
                "model": {"hidden": [], "initializer": weights},
                "loss": {"name": "cross_entropy", "smoothing": 0.2, "class_weights": [1, 3, 0.5], "dialect": dialect},
                "training": {"dtype": "float64"},
            }
        ).plan
    )
    found, _ = engine.loss_and_gradient()
    assert found == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("dialect", ["torch", "keras"])
def test_the_loss_of_many_rows_is_their_mean_however_they_are_cut(dialect: str) -> None:
    """600 samples are evaluated in three chunks with different total weights."""
    keys = {"class_weights": [5.0, 1.0, 0.1], "dialect": dialect}
    engine = Engine(built(recipe("cross_entropy", keys, 900)).plan)
    whole, _ = engine.loss_and_gradient()
    assert engine.score(engine.train).loss == pytest.approx(whole, rel=1e-12)
    still = {"optimizer": {"name": "sgd", "lr": 1e-12}}
    _, events = run({**recipe("cross_entropy", keys, 900, batch_size=32), **still})
    ended = next(event for event in events if isinstance(event, EpochEnded))
    assert ended.train_loss == pytest.approx(whole, rel=1e-9)  # the mean over an epoch weighs its batches


def test_rows_of_which_none_counts_have_no_loss() -> None:
    """As for a validation split whose classes all have weight 0."""
    loss = make(Loss, "cross_entropy", class_weights=[1.0, 0.0, 0.0])
    target = np.ones((200, 1))
    weights = loss.sample_weights(target)
    assert weights is not None
    assert loss.combine(np.zeros((1, 2)), 200, 128, weights) == [0.0]


def test_the_complete_recipe_has_numbers(nntrain: CommandLine) -> None:
    text = "data: {source: wine}\nloss: {name: cross_entropy, class_weights: balanced}\n"
    weights = nntrain("show", "-", "--json", stdin=text).json["recipe"]["loss"]["class_weights"]
    assert len(weights) == 3
    assert weights[2] > weights[1]  # the last class of wine is the smallest
    assert nntrain("fit", "-", "-q", "--set", "training.epochs=2", stdin=text).status == 0


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("[1, 2]", "loss.class_weights: found 2 weights for 3 classes"),
        ("[0, 0, 0]", "loss.class_weights: found 0 for every class"),
        ("[1, -1, 1]", "expected a number >= 0"),
        ("even", "expected 'balanced'"),
    ],
)
def test_weights_that_do_not_suit(nntrain: CommandLine, weights: str, words: str) -> None:
    text = f"data: {{source: iris}}\nloss: {{name: cross_entropy, class_weights: {weights}}}\n"
    refused = nntrain("fit", "-", stdin=text)
    assert refused.status == 2
    assert words in refused.err
    assert "2:" in refused.err


def test_a_rare_class_is_found_more_often(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purpose of class weights: 25 samples among 475, where the classes overlap."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    rows = [(random.normal(), "often") for _ in range(475)] + [(random.normal(1.5), "rare") for _ in range(25)]
    Path("rare.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    found = {}
    for weights in ("null", "balanced"):
        settings = ("--set", f"loss={{name: bce, class_weights: {weights}}}", "--set", "training.epochs=40")
        recipe = "data: {source: {name: csv, path: rare.csv, target: y}}\nmodel: {hidden: []}\noptimizer: {lr: 0.02}\n"
        model = nntrain("fit", "-", "-q", "--json", "--out", weights, *settings, stdin=recipe).json["model"]
        found[weights] = nntrain("predict", model, "rare.csv").out.split().count("rare")
    assert found["null"] < 10
    assert found["balanced"] > 50
