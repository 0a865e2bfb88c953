"""The model file: what is in it, and what evaluate and predict make of it."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file
from sklearn import datasets
from sklearn.metrics import accuracy_score, r2_score

from nntrain.artifacts.model import Model
from nntrain.errors import InputError
from tests.helpers import CommandLine, fitted_csv, refused
from tests.reference.network import ACTIVATIONS, softmax


def test_weights_have_the_names_and_shapes_of_torch(iris: Path) -> None:
    shapes = {name: tensor.shape for name, tensor in load_file(iris).items()}
    assert shapes == {
        "0.weight": (8, 4),
        "0.bias": (8,),
        "2.weight": (5, 8),
        "2.bias": (5,),
        "4.weight": (3, 5),
        "4.bias": (3,),
    }


def metadata(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    found = json.loads(content[8 : 8 + size])["__metadata__"]
    assert list(found) == sorted(found)
    return {
        key: json.loads(value) if key[0] not in "fs" or key == "features" else value for key, value in found.items()
    }


def test_the_file_says_all_that_is_needed_to_use_it(iris: Path) -> None:
    facts = metadata(iris)
    assert facts["recipe"]["model"]["hidden"] == [8, 5]
    assert facts["classes"] == ["setosa", "versicolor", "virginica"]
    assert facts["features"] == ["sepal length", "sepal width", "petal length", "petal width"]
    assert facts["targets"] == ["species"]
    assert facts["versions"].keys() == {"nntrain", "numpy", "numba"}
    assert len(facts["preprocessing"]["inputs"]["mean"]) == 4
    assert len(facts["sha256"]) == 64


def by_hand(path: Path, x: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs for ``x`` from the file alone, in plain NumPy."""
    tensors, facts = load_file(path), metadata(path)
    inputs = facts["preprocessing"]["inputs"]
    h = (x - np.array(inputs["mean"])) / np.array(inputs["scale"])
    count = len(tensors) // 2
    for index in range(count):
        h = h @ tensors[f"{2 * index}.weight"].T.astype(np.float64) + tensors[f"{2 * index}.bias"]
        if index < count - 1:
            h = ACTIVATIONS[facts["recipe"]["model"]["activation"]["name"]][0](h)
    return np.asarray(h)


def test_predictions_are_those_of_the_file_by_hand(iris: Path, diabetes: Path, folder: Path) -> None:
    x = datasets.load_iris().data
    model = Model.load(iris)
    probabilities = model.probabilities(next(model.outputs(x)))
    assert probabilities is not None
    np.testing.assert_allclose(probabilities, softmax(by_hand(iris, x)), rtol=1e-4, atol=1e-6)
    x = datasets.load_diabetes(scaled=False).data
    targets = metadata(diabetes)["preprocessing"]["targets"]
    expected = by_hand(diabetes, x) * targets["scale"] + targets["mean"]
    model = Model.load(diabetes)
    np.testing.assert_allclose(model.predictions(next(model.outputs(x))), expected, rtol=1e-4)


def test_predict_finds_columns_by_name(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    table = pl.read_csv(folder / "iris.csv")
    straight = nntrain("predict", iris, folder / "iris.csv").out
    mixed = table.select("petal width", pl.lit("x").alias("more"), "sepal width", "petal length", "sepal length")
    mixed.write_csv(folder / "mixed.csv")
    assert nntrain("predict", iris, folder / "mixed.csv").out == straight
    assert nntrain("predict", iris, stdin=mixed.write_csv()).out == straight
    predicted = pl.read_csv(io.StringIO(straight))
    assert predicted.columns == ["species"]
    assert predicted.height == 150
    evaluated = nntrain("evaluate", iris, "--data", folder / "iris.csv", "--json").json
    accuracy = accuracy_score(table["species"].to_list(), predicted["species"].to_list())
    assert evaluated["data"]["accuracy"] == pytest.approx(accuracy)


def test_predict_gives_probabilities(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    table = pl.read_csv(io.StringIO(nntrain("predict", iris, folder / "iris.csv", "--proba").out))
    assert table.columns == ["species", "p_setosa", "p_versicolor", "p_virginica"]
    probabilities = table.drop("species").to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    likeliest = [table.columns[1 + index].removeprefix("p_") for index in probabilities.argmax(axis=1)]
    assert table["species"].to_list() == likeliest


def test_predict_keeps_columns_of_the_file(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    table = pl.read_csv(folder / "iris.csv").with_columns(id=pl.Series([f"no. {i}, 0{i}" for i in range(150)]))
    text = table.write_csv()
    kept = nntrain("predict", iris, "--keep", "id", "--keep", "sepal width", "--proba", stdin=text).out
    found = pl.read_csv(io.StringIO(kept))
    assert found.columns == ["id", "sepal width", "species", "p_setosa", "p_versicolor", "p_virginica"]
    assert found["id"].to_list() == table["id"].to_list()
    assert found["sepal width"].to_list() == table["sepal width"].to_list()
    plain = nntrain("predict", iris, "--proba", stdin=text).out
    assert found.drop("id", "sepal width").write_csv() == pl.read_csv(io.StringIO(plain)).write_csv()
    assert "did you mean id?" in refused(nntrain, "predict", iris, "--keep", "idd", stdin=text)
    assert "--keep species: the column of the predictions has this name too" in refused(
        nntrain, "predict", iris, "--keep", "species", stdin=text
    )


def test_predict_gives_numbers_in_the_targets_own_units(diabetes: Path, folder: Path, nntrain: CommandLine) -> None:
    table = pl.read_csv(folder / "diabetes.csv")
    predicted = pl.read_csv(io.StringIO(nntrain("predict", diabetes, folder / "diabetes.csv").out))
    evaluated = nntrain("evaluate", diabetes, "--data", folder / "diabetes.csv", "--json").json
    assert evaluated["data"]["r2"] == pytest.approx(
        r2_score(table["y"].to_numpy(), predicted["y"].to_numpy()), rel=1e-5
    )
    assert "gives no probabilities" in nntrain("predict", diabetes, folder / "diabetes.csv", "--proba").err


def test_new_rows_may_be_parted_otherwise_than_the_recipes(nntrain: CommandLine, iris: Path, folder: Path) -> None:
    text = (folder / "iris.csv").read_text()
    expected = nntrain("predict", iris, folder / "iris.csv").out
    for mark, typed in ((";", ";"), ("\t", "\\t"), ("\t", "\t")):
        (folder / "other.csv").write_text(text.replace(",", mark))
        assert nntrain("predict", iris, folder / "other.csv", "--separator", typed).out == expected
        evaluated = nntrain("evaluate", iris, "--data", folder / "other.csv", "--separator", typed, "--json").json
        assert evaluated == nntrain("evaluate", iris, "--data", folder / "iris.csv", "--json").json
    assert "looks tab-separated; use --separator tab" in refused(nntrain, "predict", iris, folder / "other.csv")
    message = refused(nntrain, "predict", iris, folder / "iris.csv", "--separator", "x")
    assert "--separator: unknown separator 'x'" in message
    assert "add --data FILE" in refused(nntrain, "evaluate", iris, "--separator", ";")


def test_evaluate_repeats_what_fit_found(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    """Also from another directory than the one that the run was started in."""
    summary = json.loads((iris.parent / "summary.json").read_text())
    evaluated = nntrain("evaluate", iris, "--json").json
    for part in ("train", "validation", "test"):
        assert evaluated[part]["accuracy"] == summary[part]["accuracy"]
        assert evaluated[part]["loss"] == pytest.approx(summary[part]["loss"], rel=1e-6)
    rows = [line.split()[0] for line in nntrain("evaluate", iris).out.splitlines()]
    assert rows == ["loss", "train", "validation", "test"]


def test_labels_of_other_types_come_back(folder: Path, nntrain: CommandLine) -> None:
    for name, labels in {"ints": ["3", "10"], "bools": ["true", "false"], "codes": ["007", "7"]}.items():
        rows = "".join(f"{i % 2 + i / 100},{labels[i % 2]}\n" for i in range(60))
        (folder / f"{name}.csv").write_text("a,y\n" + rows)
        model = fitted_csv(nntrain, folder, name, "y", "data.source.task=classification", "optimizer.lr=0.05")
        predicted = nntrain("predict", model, folder / f"{name}.csv").out.split()[1:]
        assert predicted == [labels[i % 2] for i in range(60)]
        assert nntrain("evaluate", model, "--data", folder / f"{name}.csv", "--json").json["data"]["accuracy"] == 1


def test_proba_names_booleans_as_predict_does(folder: Path, nntrain: CommandLine) -> None:
    (folder / "b.csv").write_text(
        "a,y\n" + "".join(f"{i % 2 + i / 100},{['TRUE', 'FALSE'][i % 2]}\n" for i in range(60))
    )
    model = fitted_csv(nntrain, folder, "b", "y", "optimizer.lr=0.05")
    assert set(nntrain("predict", model, folder / "b.csv").out.split()[1:]) == {"true", "false"}
    assert nntrain("predict", model, folder / "b.csv", "--proba").out.split()[0] == "y,p_false,p_true"


def test_classes_that_differ_in_case_only_are_two(folder: Path, nntrain: CommandLine) -> None:
    (folder / "c.csv").write_text("a,y\n" + "".join(f"{i},A\n-{i},a\n" for i in range(1, 31)))
    model = fitted_csv(nntrain, folder, "c", "y", "optimizer.lr=0.05")
    assert nntrain("evaluate", model, "--data", folder / "c.csv", "--json").json["data"]["accuracy"] == 1


def test_evaluate_finds_columns_and_classes_by_name(folder: Path, nntrain: CommandLine) -> None:
    """In a table with another order, or other columns."""
    rows = [(i % 2 + i / 1000, i / 7 % 1, "no" if i % 2 else "yes") for i in range(80)]
    table = pl.DataFrame({"a": [r[0] for r in rows], "b": [r[1] for r in rows], "y": [r[2] for r in rows]})
    table.write_csv(folder / "t.csv")
    model = fitted_csv(nntrain, folder, "t", "y", "optimizer.lr=0.05")
    before = nntrain("evaluate", model, "--data", folder / "t.csv").out
    table.select("y", "b", "a", extra=pl.lit(1.0)).write_csv(folder / "u.csv")
    assert nntrain("evaluate", model, "--data", folder / "u.csv").out == before
    for changed, words in (
        (table.drop("b"), "lacks 1 of the model's 3 columns: b"),
        (table.with_columns(y=pl.col("y").replace("no", "nay")), "unknown class 'nay'"),
        (table.with_columns(y=pl.col("a")), "and 70 more problems"),
    ):
        changed.write_csv(folder / "u.csv")
        assert words in refused(nntrain, "evaluate", model, "--data", folder / "u.csv")


def test_evaluate_draws_the_rows_that_the_run_had(tmp_path: Path, nntrain: CommandLine) -> None:
    recipe = "data: {source: {name: moons, rows: 200}, test_seed: 5}\nmodel: {hidden: [4]}\ntraining: {epochs: 3}\n"
    ended = nntrain("fit", "-", "--out", tmp_path / "run", "-q", stdin=recipe)
    assert nntrain("evaluate", tmp_path / "run" / "model.safetensors").out == ended.out


def test_rows_beyond_all_numbers_are_refused(iris: Path, nntrain: CommandLine) -> None:
    model = Model.load(iris)
    names = ",".join(model.feature_names)
    assert "row 1: too large a number" in refused(nntrain, "predict", iris, stdin=f"{names}\n1,1e40,1,1\n")
    model.theta[:] = 3e38
    with pytest.raises(InputError, match="row 1: the model's output for it is not finite"):
        next(model.outputs(np.ones((2, 4))))


def test_predictions_beyond_all_numbers_are_refused(diabetes: Path) -> None:
    model = Model.load(diabetes)
    assert model.targets is not None
    model.targets.scale[:] = 1e308
    with pytest.raises(InputError, match="row 1: the model's prediction for it is not finite"):
        model.predictions(next(model.outputs(datasets.load_diabetes(scaled=False).data + 1e3)))


def test_a_column_without_a_name_is_nobodys(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    """As pandas writes its row numbers."""
    text = (folder / "iris.csv").read_text().splitlines()
    numbered = "\n".join(f"{i or ''},{line}" for i, line in enumerate(text)) + "\n\n"
    assert nntrain("predict", iris, stdin=numbered).out == nntrain("predict", iris, folder / "iris.csv").out


def test_tables_that_do_not_suit_the_model(iris: Path, folder: Path, nntrain: CommandLine) -> None:
    table = pl.read_csv(folder / "iris.csv")
    lacking = refused(nntrain, "predict", iris, stdin=table.drop("petal width").write_csv())
    assert "standard input: lacks 1 of the model's 4 columns: petal width" in lacking
    text = table.with_columns(pl.lit("wide").alias("petal width")).write_csv()
    message = refused(nntrain, "predict", iris, stdin=text)
    assert "standard input:2: column 'petal width': expected a finite number, found 'wide'" in message
    assert "leave the column out" not in message
    new = table.with_columns(pl.lit("rosa").alias("species"))
    new.write_csv(folder / "new.csv")
    message = refused(nntrain, "evaluate", iris, "--data", folder / "new.csv")
    assert "unknown class 'rosa'" in message
    assert "setosa, versicolor, virginica" in message
    assert "lacks 1 of the model's 5 columns: species" in refused(
        nntrain, "evaluate", iris, "--data", "-", stdin=table.drop("species").write_csv()
    )
    assert "is empty" in refused(nntrain, "predict", iris)
