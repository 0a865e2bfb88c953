"""Targets that are transformed: fitted as scikit-learn does, and undone wherever a prediction leaves the program."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.metrics import r2_score
from sklearn.preprocessing import PowerTransformer

from nntrain.artifacts import container
from nntrain.artifacts.model import Model
from nntrain.data.target_scaling import TransformedTargets, inverse, targets_from_json, transformed
from nntrain.errors import InputError
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built

TRANSFORMS = ("log", "log1p", "yeo_johnson")


def skewed(rows: int = 120, columns: int = 2, shift: float = 0.0) -> NDArray[np.float64]:
    return np.exp(np.random.default_rng(1).normal(size=(rows, columns)) * [1, 0.3][:columns]) - shift


@pytest.mark.parametrize("shift", [0, 1.0, 100.0])
def test_yeo_johnson_equals_scikit_learns(shift: float) -> None:
    y = skewed(shift=shift)
    theirs = PowerTransformer().fit(y)
    ours = TransformedTargets.fit_transform(y, "yeo_johnson", standardize=True)
    np.testing.assert_allclose(ours.lambdas, theirs.lambdas_, rtol=1e-9)
    other = np.concatenate([y, skewed(50) * 2 - shift])
    np.testing.assert_allclose(ours.apply(other), theirs.transform(other), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.invert(ours.apply(y)), y, rtol=1e-9)
    np.testing.assert_allclose(ours.prediction(ours.apply(y)), theirs.inverse_transform(ours.apply(y)), rtol=1e-9)


@pytest.mark.parametrize("power", [-1.5, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_the_inverse_undoes_each_power(power: float) -> None:
    y = np.array([[-9.0], [-0.5], [0.0], [0.25], [9.0]])
    t = transformed(y, "yeo_johnson", np.array([power]))
    np.testing.assert_allclose(inverse(t, "yeo_johnson", np.array([power])), y, rtol=1e-12, atol=1e-15)
    assert (np.diff(t, axis=0) > 0).all()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_predictions_stay_within_one_range_of_the_training_targets(transform: Any) -> None:
    y = skewed(columns=1)
    fitted = TransformedTargets.fit_transform(y, transform, standardize=True)
    far = fitted.prediction(np.array([[-1e6], [1e6], [0.0]]))
    assert far[1, 0] == pytest.approx(2 * y.max() - y.min())
    assert far[0, 0] >= y.min() - np.ptp(y)
    assert np.isfinite(far).all()
    assert np.isnan(fitted.prediction(np.array([[np.nan]])))  # a network that diverged


def test_a_transform_that_loses_digits_is_refused() -> None:
    years = np.arange(1990.0, 2011.0)[:, None]
    fitted = TransformedTargets.fit_transform(skewed(columns=1), "log", standardize=True)
    fitted.check(years)
    one = np.ones(1)
    power = TransformedTargets(one, one, "yeo_johnson", -30 * one, one, one)
    with pytest.raises(InputError, match="cannot be inverted exactly for these targets"):
        power.check(years)


@pytest.mark.parametrize(("transform", "standardize"), [("log", True), ("log1p", False), ("yeo_johnson", True)])
def test_scores_are_those_of_the_targets_own_units(
    nntrain: CommandLine, tmp_path: Path, transform: str, standardize: bool
) -> None:
    file, run = prices(tmp_path), tmp_path / "run"
    settings = [f"data.target_transform={transform}", f"data.standardize_target={str(standardize).lower()}"]
    options = [part for setting in settings for part in ("--set", setting)]
    recipe = recipe_file(tmp_path, file)
    ended = nntrain("fit", recipe, "--out", run, "-q", "--json", *options)
    assert ended.status == 0
    wanted = f"standardized {transform} of the targets" if standardize else f"{transform} of the targets"
    assert ended.json["loss_scale"] == wanted
    found = nntrain("evaluate", run, "--data", file, "--json", "--baselines").json
    predicted = pl.read_csv(io.StringIO(nntrain("predict", run, file).out))
    table = pl.read_csv(file)
    y, p = table.select("price", "rent").to_numpy(), predicted.select("price", "rent").to_numpy()
    assert found["data"]["r2"] == pytest.approx(r2_score(y, p), rel=1e-6)
    assert found["data"]["mae"] == pytest.approx(np.abs(y - p).mean(), rel=1e-6)
    evaluated = nntrain("evaluate", run, "--json").json
    assert evaluated["test"]["r2"] == pytest.approx(ended.json["test"]["r2"], rel=1e-6)
    # the last line of metrics.jsonl holds the same R² of the weights at the end
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    best = lines[ended.json["best_epoch"] - 1] if ended.json["kept"] == "best" else lines[-1]
    assert best["validation_r2"] == pytest.approx(ended.json["validation"]["r2"], rel=1e-5)
    settings_too = f"  target_transform: {transform}\n  standardize_target: {str(standardize).lower()}\n"
    plan = built(recipe.read_text().replace("prices.csv", str(file)) + settings_too).plan
    mean = plan.data.targets.invert(plan.data.train.y).mean(axis=0)  # type: ignore[union-attr]
    own = plan.data.targets.invert(plan.data.test.y)  # type: ignore[union-attr]
    constant = ended.json["baselines"]["constant"]["test"]["mae"]
    assert constant == pytest.approx(np.abs(own - mean).mean(), rel=1e-6)
    shuffled = nntrain("importance", run, "--metric", "mae", "--repeats", "2", "--json").json
    assert shuffled["score"] == pytest.approx(evaluated["test"]["mae"], rel=1e-6)


def prices(folder: Path) -> Path:
    """Write a table with two positive, skewed targets."""
    random = np.random.default_rng(0)
    a = random.normal(size=150)
    y = np.exp(np.stack([a, a / 2], axis=1) + random.normal(size=(150, 2)) * 0.1)
    path = folder / "prices.csv"
    pl.DataFrame({"a": a, "b": random.normal(size=150), "price": y[:, 0] * 1e5, "rent": y[:, 1]}).write_csv(path)
    return path


def recipe_file(folder: Path, file: Path) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(
        "model: {hidden: [6]}\noptimizer: {name: adam, lr: 0.01}\ntraining: {epochs: 12}\n"
        f"data:\n  source: {{name: table, path: {file.name}, target: [price, rent]}}\n"
    )
    return path


def test_the_baseline_of_an_engine_is_in_own_units(tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path, prices(tmp_path)).read_text().replace("prices.csv", str(tmp_path / "prices.csv"))
    plan = built(recipe + "  target_transform: log\n").plan
    engine = Engine(plan)
    assert plan.data.targets is not None
    y = plan.data.targets.invert(plan.data.train.y)
    constant = np.tile(np.exp(np.log(y).mean(axis=0)), (len(y), 1))  # the best constant of the loss
    assert engine.baseline["train"].metric == pytest.approx(r2_score(y, constant), rel=1e-5)
    assert engine.baseline["train"].loss == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    ("transform", "values", "words"),
    [
        ("log", [3, 0, -0.5, 2], "log needs targets above 0, but 'y' is 0 in row 2 of t.csv (and in 1 more row)"),
        ("log1p", [3, 0, -1, 2], "log1p needs targets above -1, but 'y' is -1 in row 3 of t.csv"),
    ],
)
def test_targets_outside_its_domain_are_named(
    nntrain: CommandLine, tmp_path: Path, transform: str, values: list[float], words: str
) -> None:
    y = [*values, *range(5, 30)]
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(y)))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"data:\n  source: {{name: table, path: t.csv, target: y, task: regression}}\n  target_transform: {transform}\n"
    )
    ended = nntrain("fit", recipe, "--out", tmp_path / "run", "-q")
    assert ended.status == 2
    assert f"r.yaml:3:3: data.target_transform: {words}" in ended.err.replace(f"{tmp_path}/", "")
    assert ("choose log1p (targets above -1) or yeo_johnson" in ended.err) == (transform == "log")


def test_classes_are_not_transformed(nntrain: CommandLine) -> None:
    ended = nntrain("fit", "-", "-q", stdin="data: {source: iris, target_transform: log}\n")
    assert ended.status == 2
    assert "log is for regression, but the target has classes" in ended.err


def test_new_rows_outside_the_domain_are_named(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path, prices(tmp_path))
    assert nntrain("fit", recipe, "--out", tmp_path / "run", "-q", "--set", "data.target_transform=log").status == 0
    new = tmp_path / "new.csv"
    new.write_text("rent,price,b,a\n1,2,3,4\n1,0,3,4\n")
    ended = nntrain("evaluate", tmp_path / "run", "--data", new)
    assert ended.status == 2
    assert "new.csv:3: column 'price': found 0" in ended.err
    assert nntrain("predict", tmp_path / "run", new).status == 0


def test_a_changed_transform_in_a_model_file_is_refused(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path, prices(tmp_path))
    assert (
        nntrain("fit", recipe, "--out", tmp_path / "run", "-q", "--set", "data.target_transform=yeo_johnson").status
        == 0
    )
    path = tmp_path / "run" / "model.safetensors"
    tensors, facts = container.read(path)
    state = facts["preprocessing"]["targets"]
    assert isinstance(targets_from_json(state, 2), TransformedTargets)
    wrong: list[dict[str, Any]] = [{"lambdas": [1.0]}, {"transform": "sqrt"}, {"low": [1e9, 1e9]}, {"high": []}]
    for change in wrong:
        changed = {**facts, "preprocessing": {**facts["preprocessing"], "targets": {**state, **change}}}
        container.write(path, tensors, changed)
        with pytest.raises(InputError, match="not a valid model"):
            Model.load(path)
