"""Permutation importance: scikit-learn's, on the columns as the user knows them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from nntrain.metrics.importance import importances
from tests.helpers import CommandLine, refused

MIXED = "data: {source: {name: csv, path: t.csv, target: y}}\nmodel: {hidden: [8]}\ntraining: {epochs: 40}\n"


def test_importances_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((80, 3))
    y = x @ [3.0, 1.0, 0.0] + random.standard_normal(80)
    model, repeats = LinearRegression().fit(x, y), 300
    expected = permutation_importance(model, x, y, n_repeats=repeats, random_state=0)
    found = list(importances(lambda x: float(model.score(x, y)), x, repeats, 0))
    for one, mean, std in zip(found, expected.importances_mean, expected.importances_std, strict=True):
        assert one.mean == pytest.approx(mean, abs=5 * max(std, 1e-3) / repeats**0.5)
        assert one.std == pytest.approx(std, rel=0.2, abs=1e-3)
        assert one.mean == pytest.approx(np.mean(one.drops))
        assert one.std == pytest.approx(np.std(one.drops))


@pytest.fixture
def mixed(nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run on a table with a category that decides the target, and a number that does not."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    city = random.choice(["Rome", "Oslo", "Lima"], 300)
    noise = random.standard_normal(300)
    gaps = [None if i % 9 == 0 else float(value) for i, value in enumerate(noise)]
    y = np.where(city == "Oslo", "cold", "warm")
    pl.DataFrame({"noise": gaps, "city": city, "y": y}).write_csv("t.csv")
    Path("r.yaml").write_text(MIXED)
    assert nntrain("fit", "r.yaml", "--out", "run", "-q").status == 0
    return Path("run")


def test_the_importance_is_that_of_the_columns_of_the_table(nntrain: CommandLine, mixed: Path) -> None:
    found = nntrain("importance", mixed, "--json", "--repeats", "5").json
    assert (found["metric"], found["split"], found["repeats"]) == ("accuracy", "test", 5)
    noise, city = found["columns"]
    assert (noise["column"], city["column"]) == ("noise", "city")
    assert city["importance"] > 0.2 > 10 * abs(noise["importance"])
    assert city["std"] > 0
    summary = json.loads((mixed / "summary.json").read_text())
    assert found["score"] == summary["test"]["accuracy"]
    told = nntrain("importance", mixed)
    assert [line.split()[0] for line in told.out.splitlines()] == ["column", "city", "noise"]
    assert "█" in told.out.splitlines()[1]
    assert "on the test split" in told.err
    assert nntrain("importance", mixed, "--format", "csv").out.splitlines()[1].startswith("city,")


def test_a_metric_that_should_be_low_is_reversed(nntrain: CommandLine, mixed: Path) -> None:
    for metric in ("loss", "log_loss"):
        found = nntrain("importance", mixed, "--metric", metric, "--json", "--data", "t.csv", "--seed", "1").json
        noise, city = (one["importance"] for one in found["columns"])
        assert city > 0.1 > 5 * abs(noise)
        assert found["score"] > 0
        assert (found["split"], found["rows"]) == ("data", 300)
    assert "did you mean recall?" in refused(nntrain, "importance", mixed, "--metric", "recal")
    assert "mae is for regression" in refused(nntrain, "importance", mixed, "--metric", "mae")
    pl.read_csv("t.csv").filter(pl.col("y") == "warm").write_csv("warm.csv")
    message = refused(nntrain, "importance", mixed, "--metric", "roc_auc", "--data", "warm.csv")
    assert "roc_auc has no value on these rows: only one class occurs" in message


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_table_fits_the_terminal(mixed: Path, terminal: Callable[..., str], columns: int) -> None:
    assert "city" in terminal(columns, "importance", mixed, "--repeats", "2")
