"""Exhaustive and random search, fixed biases, and the lectures' table of losses."""

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.diagnostics.gradcheck import check
from nntrain.optimizers import Optimizer
from nntrain.optimizers.gradient_free import Search
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded
from nntrain.utils.random import stream
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine, built, finished, make, run

LINE = {"source": "line_table", "validation": 0, "test": 0, "standardize": False}


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1])
def test_a_stream_is_numpys_of_seed_name_and_index(seed: int) -> None:
    words = np.random.SeedSequence([seed, crc32(b"order"), 7])
    expected = np.random.Generator(np.random.PCG64(words)).permutation(50)
    assert (stream(seed, "order", 7).permutation(50) == expected).all()


def test_the_decks_table(nntrain: CommandLine, tmp_path: Path) -> None:
    """Korea University: o = w x + 1 for w = 1 ... 5 has the losses 110, 27.5, 0, 27.5, 110; the best weight is 3."""
    ended = nntrain("fit", shipped_recipes()["line_search"], "--out", tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [(line["parameters"], line["train_loss"]) for line in lines] == [
        ([1.0], 110.0),
        ([2.0], 27.5),
        ([3.0], 0.0),
        ([4.0], 27.5),
        ([5.0], 110.0),
    ]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["parameters"], summary["train"]["loss"], summary["best_epoch"]) == ([3.0], 0.0, 3)
    assert "parameters: 3.000" in ended.err
    model = Model.load(tmp_path / "run" / "model.safetensors")
    outputs = next(model.outputs(np.array([[10.0]])))
    assert model.predictions(outputs).tolist() == [[31.0]]  # the file holds the fixed bias


def test_a_grid_is_every_combination() -> None:
    search = make(Optimizer, "exhaustive", low=0.0, high=1.0, points=3)
    assert isinstance(search, Search)
    points = [point.tolist() for point in search.candidates(2, stream(0, "test"))]
    assert len(points) == search.count(2) == 9
    assert search.count(3_425_821) == np.inf  # not an integer of a million digits, which takes minutes
    assert points[:4] == [[0, 0], [0, 0.5], [0, 1], [0.5, 0]]


def test_random_search_is_within_the_box_and_the_same_for_a_seed() -> None:
    recipe: dict[str, Any] = {
        "data": LINE,
        "model": {"hidden": []},
        "optimizer": {"name": "random_search", "low": -2.0, "high": 4.0},
        "training": {"epochs": 300, "dtype": "float64"},
    }
    engine, events = run(recipe)
    points = [event.parameters for event in events if isinstance(event, EpochEnded)]
    assert all(-2 <= value <= 4 for point in points if point for value in point)
    assert points == [event.parameters for event in run(recipe)[1] if isinstance(event, EpochEnded)]
    assert points != [event.parameters for event in run({**recipe, "seed": 1})[1] if isinstance(event, EpochEnded)]
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    last = finished(events)
    assert last.kept == "best"
    assert last.best["train"].loss == min(losses) == engine.score(engine.train).loss
    assert last.parameters == points[int(np.argmin(losses))]
    assert last.steps == 300  # evaluations


def test_a_grid_that_is_done_ends_the_run() -> None:
    recipe: dict[str, Any] = {"data": LINE, "model": {"hidden": []}, "training": {"epochs": 100}}
    _, events = run({**recipe, "optimizer": {"name": "exhaustive", "points": 4}})
    assert (finished(events).epochs, finished(events).stopped.value) == (16, "converged")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("model.hidden=[4]",), "training.epochs: 100 are too few for the grid of exhaustive: with 13 weights it has"),
        (("model.hidden=[64]",), "more than 1,000,000,000 points"),
        (("regularization.l2=0.1",), "regularization.l2: exhaustive needs"),
        (("training.batch_size=2",), "exhaustive needs the gradient of all rows"),
        (("schedule=cooling",), "schedule: exhaustive does not follow"),
        (("optimizer.points=1",), "optimizer.points: found 1"),
    ],
)
def test_what_does_not_suit_a_search(nntrain: CommandLine, settings: tuple[str, ...], words: str) -> None:
    text = "data: {source: line_table, validation: 0, test: 0}\nmodel: {hidden: []}\noptimizer: {name: exhaustive}\n"
    ended = nntrain("fit", "-", *(part for setting in settings for part in ("--set", setting)), stdin=text)
    assert ended.status == 2
    assert words in ended.err


@pytest.mark.parametrize("name", [name for name, kind in members(Optimizer).items() if not kind.full_batch])
@pytest.mark.parametrize("norm", [None, "batch"])
def test_biases_that_are_held_stay(name: str, norm: str | None) -> None:
    """With every optimizer, even if penalties and weight decay include biases."""
    model = {
        "hidden": [5, 4],
        "norm": norm,
        "learn_biases": False,
        "bias_initializer": {"name": "normal", "scale": 0.5},
    }
    kind = members(Optimizer)[name]
    if norm and kind.curvature_row is not None:
        pytest.skip("refused: there are no products with the Hessian of a normalized network")
    decay = 0.0 if kind.evaluated_row is not None else 0.1  # refused
    regularization = {"l2": 0.1, "weight_decay": decay, "biases": True}
    recipe = {"data": {"source": "iris"}, "model": model, "optimizer": name, "regularization": regularization}
    engine = Engine(built(recipe).plan)
    first = [arrays["biases"].copy() for arrays in engine.plan.network.arrays(engine.theta)]
    weights = [arrays["weights"].copy() for arrays in engine.plan.network.arrays(engine.theta)]
    engine.take_steps(np.arange(len(engine.train.x)), 0, np.full(4, 0.01))
    for arrays, bias, W in zip(engine.plan.network.arrays(engine.theta), first, weights, strict=True):
        assert (arrays["biases"] == bias).all()
        assert (bias != 0).any()
        assert (arrays["weights"] != W).any()


def test_the_gradient_with_biases_that_are_held() -> None:
    model = {"hidden": [5], "learn_biases": False, "bias_initializer": {"name": "constant", "value": 0.3}}
    checks = check(built({"data": {"source": "iris"}, "model": {**model, "activation": "tanh"}}).plan)
    names = [(one.dtype, one.name) for one in checks]
    assert names == [(dtype, name) for dtype in ("float64", "float32") for name in ("1 weights", "2 weights")]
    assert all(one.verdict in ("good", "fair") for one in checks)


def test_searches_are_compared_with_descents(nntrain: CommandLine, tmp_path: Path) -> None:
    """Korea University, Larson: exhaustive and random search, gradient descent and L-BFGS, by evaluations."""
    names = "{name: exhaustive, low: 1, high: 5, points: 5},{name: random_search, low: 1, high: 5},lbfgs,sgd"
    arguments = ("compare", shipped_recipes()["line_search"], "--optimizers", names, "--seeds", 6, "--target", 1e-3)
    ended = nntrain(*arguments, "--out", tmp_path / "c", "--json", "--set", "training.epochs=20", "-q")
    assert ended.status == 2  # a target requires validation data
    ended = nntrain(*arguments[:-2], "--out", tmp_path / "c", "--json", "--set", "training.epochs=20", "-q")
    found = {variant["name"].split()[0]: variant["default"] for variant in ended.json["variants"]}
    assert found["exhaustive"]["scores"]["train"]["loss"]["median"] == 0
    assert found["exhaustive"]["steps"]["median"] == 5
    assert found["lbfgs"]["scores"]["train"]["loss"]["median"] < 1e-9
    assert found["lbfgs"]["steps"]["median"] < 10
    assert 0 < found["random_search"]["scores"]["train"]["loss"]["median"] < 30
