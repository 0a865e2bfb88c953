"""The wall in front of compiled code (nntrain/artifacts/wall.py), and what a recipe's numbers can be."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.network.network import Dense, Network
from nntrain.recipe.schema import Recipe
from nntrain.registry import MAX_REAL, members
from nntrain.training.engine import Engine
from nntrain.training.events import Stopped
from nntrain.training.loop import train
from nntrain.utils import memory
from tests.helpers import ROOT, CommandLine, built, finished, make, run

CASES = {"fuzz_model_files": 100, "fuzz_recipes": 40}


@pytest.mark.parametrize("fuzz", CASES)
def test_whatever_a_file_holds_it_is_used_or_refused(tmp_path: Path, fuzz: str) -> None:
    """In a process of its own: a crash of it is a fault too."""
    command = [sys.executable, "-m", f"tests.{fuzz}", str(tmp_path), str(CASES[fuzz]), "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    counts = json.loads(ended.stdout)["ended"]
    assert {count.split()[1] for count in counts} >= {"0", "2"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", [-1, 3, 1e9, -1e9, np.nan, np.inf])
@pytest.mark.parametrize(("name", "outputs"), [("cross_entropy", 3), ("bce", 1)])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5]])
def test_a_loss_of_classes_looks_at_the_bounds(
    name: str, outputs: int, target: float, dtype: str, weights: list[float] | None
) -> None:
    given = weights if weights is None or name == "cross_entropy" else weights[:2]
    loss = make(Loss, name, class_weights=given)
    around = np.full((300, outputs), 7, dtype)  # of which the middle is what the loss may write to
    targets = np.array([[0], [target]], dtype)
    function = loss.function[np.dtype(dtype)]
    value = function(np.ones((2, outputs), dtype), targets, around[149:151], np.array(loss.numbers(), np.float64))
    assert np.isnan(value)
    assert (around[:149] == 7).all()
    assert (around[151:] == 7).all()


@pytest.mark.parametrize("weights", [[1.0], [1.0] * 4])
def test_a_loss_counts_its_weights(weights: list[float]) -> None:
    loss = make(Loss, "cross_entropy", class_weights=weights)
    arrays = np.ones((2, 3)), np.zeros((2, 1)), np.empty((2, 3))
    assert np.isnan(loss.function[np.dtype(np.float64)](*arrays, np.array(loss.numbers(), np.float64)))


@pytest.mark.parametrize("name", members(Loss))
def test_targets_that_a_loss_cannot_take(name: str) -> None:
    loss = make(Loss, name)
    n_classes = loss.classes or 3
    counts = {"regression": (2, None), "classification": (1, n_classes)}
    outputs = {task: loss.outputs(*counts[task]) for task in loss.tasks}
    y = {"regression": np.ones((4, 2)), "classification": np.arange(4) % n_classes}
    for task, values in y.items():
        known = None if task == "regression" else n_classes
        if task in loss.tasks:
            assert len(loss.target_columns(values, known, outputs[task])) == 4
            wrong: list[tuple[Any, int]] = [(values, outputs[task] + 1), (values[:, None], outputs[task])]
        else:
            wrong = [(values, max(outputs.values()))]
        if task == "classification" and task in loss.tasks:
            wrong += [(values + 1, outputs[task]), (values - 1, outputs[task]), (values * 1.0, outputs[task])]
        for of_wrong, count in wrong:
            with pytest.raises(ValueError, match="do not fit"):
                loss.target_columns(of_wrong, known, count)


def numbers_of(schema: Any, keys: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Return every number in a JSON schema, and where it is."""
    if isinstance(schema, list):
        return [found for item in schema for found in numbers_of(item, keys)]
    if not isinstance(schema, dict):
        return []
    own = [(keys, schema)] if schema.get("type") in ("number", "integer") else []
    return own + [found for key, item in schema.items() for found in numbers_of(item, (*keys, key))]


def test_every_number_of_a_recipe_has_ends() -> None:
    """Beyond them squares overflow, and counts do not fit 64 bits; but for data and weights that are given."""
    found = numbers_of(Recipe.model_json_schema())
    assert len(found) > 100
    for keys, number in found:
        if not {"x", "o", "values"} & set(keys):
            assert {"maximum", "exclusiveMaximum"} & set(number), keys
            assert {"minimum", "exclusiveMinimum"} & set(number), keys


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in members(Initializer) if name != "given"])
def test_first_weights_are_finite_whatever_the_numbers_of_an_initializer(name: str, dtype: str) -> None:
    fields = members(Initializer)[name].model_fields
    for number in (MAX_REAL, -MAX_REAL, 5e-324):
        keys = {key: number for key in fields if key in ("scale", "gain", "value", "slope")}
        try:
            initializer = make(Initializer, name, **keys)
        except ValueError:
            assert number < 0
            continue
        assert np.isfinite(Network([Dense(3, 2, make_identity(), initializer)]).initial(0, np.dtype(dtype))).all()


def make_identity() -> Any:
    from nntrain.activations import Activation

    return make(Activation, "identity")


NUMBERS = {
    "model.initializer={name: normal, scale: 1e308}": "initializer.scale: found 1e+308, expected a number <= 1e+30",
    "model.initializer={name: he_normal, slope: 1e200}": "model.initializer.slope: found 1e+200",
    "training.epochs=100000000000000000000": "training.epochs: found 100000000000000000000, expected a number <=",
    "training.lookahead={period: 10000000000}": "training.lookahead.period: found 10000000000",
    "schedule={name: warm_restarts, first: 1e40}": "schedule.first: found 1e+40, expected a whole number",
}


@pytest.mark.parametrize("setting", NUMBERS)
def test_numbers_beyond_the_ends_are_refused(nntrain: CommandLine, moons: Path, setting: str) -> None:
    ended = nntrain("fit", moons, "--set", setting)
    assert ended.status == 2
    assert NUMBERS[setting] in ended.err


def test_a_rate_that_grows_without_end_diverges() -> None:
    recipe = {"data": {"source": "line_table", "validation": 0, "test": 0}, "training": {"epochs": 20}}
    _, events = run({**recipe, "schedule": {"name": "exponential", "gamma": 1e30}})
    assert finished(events).stopped is Stopped.DIVERGED


def test_running_averages_that_overflow_are_named() -> None:
    """The squares of 1e200 are not finite, although the loss is: the normalized activations are 0."""
    x = [[1e200], [2e200], *([float(i)] for i in range(5))]
    recipe = {
        "data": {
            "source": {"name": "given", "x": x, "o": list("abababa")},
            "validation": 0,
            "test": 0,
            "standardize": False,
        },
        "model": {"hidden": [3], "norm": "batch"},
        "training": {"epochs": 3, "dtype": "float64"},
    }
    end = finished(train(Engine(built(recipe).plan)))
    assert end.diverged is not None
    assert end.diverged.where == "the running averages of layer 1 (dense 1→3 relu)"


def test_weights_that_the_data_would_scale_out_of_range_stay(recwarn: pytest.WarningsRecorder) -> None:
    x = [[1e38], [-3e38], *([float(i)] for i in range(5))]
    recipe = {
        "data": {
            "source": {"name": "given", "x": x, "o": list("abababa")},
            "validation": 0,
            "test": 0,
            "standardize": False,
        },
        "model": {"hidden": [3], "initializer": "lsuv"},
    }
    theta = Engine(built(recipe).plan).theta
    assert np.isfinite(theta).all()
    assert theta[:3].any()
    assert not recwarn.list


def test_restarts_of_the_same_length_take_no_loop_over_all_of_them() -> None:
    from nntrain.schedules import Schedule, Span

    schedule = make(Schedule, "warm_restarts", first=4, longer=1)
    steps = np.array([0, 1, 3, 4, 5, 10**9])
    expected = [(1 + np.cos(np.pi * k / 4)) / 2 for k in (0, 1, 3, 0, 1, 0)]
    np.testing.assert_allclose(schedule.factors(steps, 0, Span(10**9, 1)), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ["model.hidden=[99, 99]"],
            "model.hidden: not enough memory for 10,397 parameters, with gradient and optimizer",
        ),
        (
            ["data.source.rows=100000"],
            "data.source.rows: not enough memory for 100,000 rows of 2 features: 4.8 MB needed",
        ),
        (["training.batch_size=full", "model.hidden=[64]", "data.source.rows=1000"], "training.batch_size: not enough"),
    ],
)
def test_what_takes_more_memory_than_there_is(
    nntrain: CommandLine, moons: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], words: str
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100_000)
    ended = nntrain("fit", moons, *(part for setting in settings for part in ("--set", setting)))
    assert ended.status == 2
    assert words in ended.err
    assert "100 kB available" in ended.err
    assert ended.err.startswith("nntrain: --set ")
    assert not list(moons.parent.rglob("metrics.jsonl"))


def test_a_plan_that_takes_too_much_can_be_shown(nntrain: CommandLine, moons: Path) -> None:
    wide = "model.hidden=[1000000, 1000000]"
    message = nntrain("diagnose", moons, "--set", wide).err
    assert "model.hidden: not enough memory for 1,000,006,000,002 parameters" in message
    assert "1,000,006,000,002" in nntrain("show", moons, "--set", wide).out


@pytest.mark.skipif(sys.platform != "linux", reason="the process limit is asked of Linux")
def test_the_limit_of_the_process_counts(moons: Path) -> None:
    limit = 6_000_000_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    command = [sys.executable, "-m", "nntrain", "fit", str(moons), "--set", "model.hidden=[30000, 30000]"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, preexec_fn=limited, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "model.hidden: not enough memory for 900,180,002 parameters" in ended.stderr


def test_very_many_problems_are_counted(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: moons}\n" + "".join(f"key{i}: 1\n" for i in range(9000)))
    message = nntrain("fit", recipe).err
    assert message.endswith("and 8975 more problems\n")
    assert len(message.splitlines()) == 2 * 25 + 1
    assert "r.yaml:2:1: key0: unknown key" in message.splitlines()[0]


def test_of_very_many_classes_a_few_are_named(nntrain: CommandLine, tmp_path: Path) -> None:
    rows = "".join(f"{i},class{i % 500}\n" for i in range(1500))
    (tmp_path / "d.csv").write_text("a,y\n" + rows)
    recipe = "data: {source: {name: csv, path: %s, target: y}, validation: 0, test: 0}\ntraining: {epochs: 1}\n"
    assert nntrain("fit", "-", "-q", "--out", tmp_path / "run", stdin=recipe % (tmp_path / "d.csv")).status == 0
    message = nntrain("evaluate", tmp_path / "run/model.safetensors", "--data", "-", stdin="a,y\n1,clas7\n").err
    assert "unknown class 'clas7'" in message
    assert "did you mean class7?" in message
    assert "class1, class10" in message
    assert "... (488 more)" in message
    assert len(message) < 400


@pytest.mark.parametrize(
    "line", ['name: "\\ud800"', 'loss: {name: mse, x: ["a\\udcff"]}', '"\\ud800": 1', 'model: {"\\udfff": 1}']
)
def test_half_a_character_is_no_text(nntrain: CommandLine, moons: Path, line: str) -> None:
    moons.write_text(f"data: {{source: moons}}\n{line}\n")
    assert f"{moons}:2:" in nntrain("fit", moons).err
    assert "an unpaired surrogate" in nntrain("fit", moons).err
