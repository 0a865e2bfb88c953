"""``nntrain.fit`` and ``nntrain.load`` from Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import nntrain
from nntrain.errors import InputError
from tests.helpers import CommandLine

MOONS: dict[str, Any] = {
    "data": {"source": {"name": "moons", "rows": 200}},
    "model": {"hidden": [8]},
    "training": {"epochs": 5},
}


def frame() -> pl.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 2))
    kind = np.where(x[:, 0] + x[:, 1] > 0, "up", "down")
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "kind": kind})


def test_a_recipe_as_a_mapping() -> None:
    run = nntrain.fit(MOONS)
    assert run.summary["task"] == "classification"
    assert run.history["epoch"].to_list() == [1, 2, 3, 4, 5]
    assert run.history["train_loss"][-1] < run.history["train_loss"][0]
    assert run.model.recipe["model"]["hidden"] == [8]
    assert set(run.model.weights) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert run.summary["verdict"] in run._repr_html_()


def test_it_is_the_run_of_the_command(nntrain: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "moons.yaml"
    path.write_text(json.dumps(MOONS))
    printed = nntrain("fit", path, "--out", tmp_path / "run", "-q", "--json").json
    run = __import__("nntrain").fit(path)
    assert run.summary["test"] == printed["test"]
    loaded = __import__("nntrain").load(tmp_path / "run")
    x = np.array([[0.5, 0.5], [1.0, -1.0]])
    assert (loaded.predict_proba(x) == run.model.predict_proba(x)).all()


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_a_frame(kind: str, tmp_path: Path) -> None:
    rows: Any = frame()
    if kind == "pandas":
        pandas = pytest.importorskip("pandas")
        rows = pandas.DataFrame(rows.to_dict(as_series=False))
    recipe = {"data": {"source": {"target": "kind"}}, "model": {"hidden": [8]}, "optimizer": {"lr": 0.02}}
    run = nntrain.fit(recipe, rows)
    assert run.model.classes == ("down", "up")
    assert run.model.features == ("a", "b")
    predicted = run.model.predict(rows)
    assert (predicted == np.asarray(rows["kind"])).mean() > 0.9
    np.testing.assert_allclose(run.model.predict_proba(rows).sum(axis=1), 1)
    run.model.save(tmp_path / "m.safetensors")
    assert (nntrain.load(tmp_path / "m.safetensors").predict(rows) == predicted).all()
    run.model.export("numpy", tmp_path / "m.py")
    assert "CLASSES" in (tmp_path / "m.py").read_text()


def test_a_frame_of_mixed_columns() -> None:
    rows = frame().with_columns(c=pl.Series(["u", "v"] * 40), d=pl.Series([1.5, None] * 40))
    model = nntrain.fit({"data": {"source": {"target": "kind"}}, "training": {"epochs": 3}}, rows).model
    assert model.features == ("a", "b", "c", "d")
    with pytest.warns(UserWarning, match="40 rows"):
        assert model.predict(rows.select("d", "c", "b", "a")).shape == (80,)


def test_a_pair_of_arrays() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3))
    run = nntrain.fit({"model": {"hidden": []}, "optimizer": "lbfgs"}, (x, x @ [1.0, 2.0, 3.0]))
    assert run.summary["test"]["r2"] > 0.999
    assert run.model.predict(x).shape == (60,)
    whole = np.arange(60).reshape(-1, 1)  # would be an identifier in a table of unknown origin
    assert nntrain.fit({"training": {"epochs": 1}}, (whole, x[:, 0])).model.features == ("x0",)
    run = nntrain.fit({"model": {"hidden": []}, "training": {"epochs": 2}}, (x, x[:, :2]))
    assert run.model.predict(x).shape == (60, 2)


def test_settings_override_keys() -> None:
    assert nntrain.fit(MOONS, settings=["training.epochs=2"]).summary["epochs"] == 2


def test_wrong_input_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="did you mean moons"):
        nntrain.fit({"data": {"source": "mons"}})
    with pytest.raises(InputError, match=r"data\.source\.target"):
        nntrain.fit({}, frame())
    with pytest.raises(InputError, match="no column 'price'"):
        nntrain.fit({"data": {"source": {"target": "price"}}}, frame())
    with pytest.raises(InputError, match="60 rows, and y has 59"):
        nntrain.fit({}, (np.zeros((60, 2)), np.zeros(59)))
    model = nntrain.fit(MOONS).model
    with pytest.raises(InputError, match="3 columns, expected 2"):
        model.predict(np.zeros((2, 3)))
    with pytest.raises(InputError, match="lacks"):
        model.predict(pl.DataFrame({"a": [1.0]}))
    with pytest.raises(InputError, match="unknown format"):
        model.export("pickle", "m.pkl")
    with pytest.raises(InputError, match="no such file"):
        nntrain.load("nowhere")


def test_rows_in_memory_are_read_plainly(tmp_path: Path) -> None:
    """However the training data were written."""
    rows = "".join(f"{i % 7},5;{i % 7},25\n" for i in range(40))
    (tmp_path / "t.csv").write_text("a;y\n" + rows)
    source = {"name": "table", "path": str(tmp_path / "t.csv"), "target": "y", "separator": "semicolon", "decimal": ","}
    run = nntrain.fit({"data": {"source": source}, "training": {"epochs": 2}})
    np.testing.assert_array_equal(run.model.predict([[1.5]]), run.model.predict(pl.DataFrame({"a": [1.5]})))
    again = nntrain.fit({"data": {"source": source}, "training": {"epochs": 2}}, ([[0.5], [1.5]] * 20, [1.5, 2.5] * 20))
    assert again.model.predict([[1.5]]).shape == (1,)
