"""The values that commands which write files, or check a run, print with --json."""

import csv
import io
import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nntrain.artifacts.model import Model
from nntrain.cli import predict
from nntrain.cli.plot import Kind, plot
from nntrain.report.html.lines import Line, LineChart
from nntrain.report.pgfplots import as_tex
from nntrain.utils.json import as_json
from tests.helpers import CommandLine, refused

TABLE = "id,x,color,y\n" + "".join(f"0{i},{i / 7:.3f},red,{i % 5}.5\n" for i in range(40))


@pytest.fixture
def run(moons: Path, nntrain: CommandLine) -> Path:
    assert nntrain("fit", moons, "--out", "run", "-q", "--set", "training.epochs=2").status == 0
    return Path("run")


def test_assert(run: Path, nntrain: CommandLine) -> None:
    ended = nntrain("assert", run, "epochs==2", "steps > 1e9", "test.r2>0", "seconds<inf", "--json")
    assert ended.status == 1
    assert ended.json["run"] == "run"
    assert ended.json["holds"] is False
    steps = nntrain("assert", run, "steps>0", "--json").json["conditions"][0]["value"]
    assert [tuple(condition.values()) for condition in ended.json["conditions"]] == [
        ("epochs==2", "epochs", "==", 2.0, 2, True),
        ("steps > 1e9", "steps", ">", 1e9, steps, False),
        ("test.r2>0", "test.r2", ">", 0.0, None, False),
        ("seconds<inf", "seconds", "<", None, ended.json["conditions"][3]["value"], True),
    ]
    met = nntrain("assert", run, "epochs==2", "--json")
    assert (met.status, met.json["holds"]) == (0, True)
    assert "CONDITION: found 'epochs'" in refused(nntrain, "assert", run, "epochs", "--json")


def test_export(run: Path, nntrain: CommandLine) -> None:
    ended = nntrain("export", run, "--to", "c", "-o", "moons.h", "--json")
    size = Path("moons.h").stat().st_size
    assert ended.json == {"model": "run", "to": "c", "path": "moons.h", "bytes": size, "notes": []}
    assert nntrain("export", run, "--to", "c").out == Path("moons.h").read_text()
    assert "--json: standard output is for the exported model" in refused(nntrain, "export", run, "--to", "c", "--json")


def test_the_note_on_a_threshold_is_in_the_json_of_export(moons: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q", "--set", "training.threshold=0.3").status == 0
    ended = nntrain("export", "run", "--to", "numpy", "-o", "moons.py", "--json")
    assert ended.err == ""
    (note,) = ended.json["notes"]
    assert "from a probability of 0.3 on" in note
    assert note in nntrain("export", "run", "--to", "numpy", "-o", "moons.py").err.replace("\n", " ")
    assert nntrain("export", "run", "--to", "recipe", "-o", "moons2.yaml", "--json").json["notes"] == []


def test_import(run: Path, moons: Path, nntrain: CommandLine) -> None:
    arguments = ("import", run / "model.safetensors", "--recipe", moons, "-o", "same.safetensors")
    assert nntrain(*arguments).out == ""
    assert nntrain(*arguments, "--json").json == {
        "path": "same.safetensors",
        "bytes": Path("same.safetensors").stat().st_size,
        "task": "classification",
        "features": ["x1", "x2"],
        "targets": ["class"],
        "classes": ["outer", "inner"],
        "layers": ["dense 2→8 relu", "dense 8→2 identity"],
        "parameters": 42,
    }
    np.testing.assert_array_equal(
        Model.load(Path("same.safetensors")).theta, Model.load(run / "model.safetensors").theta
    )


def test_predict(run: Path, nntrain: CommandLine) -> None:
    """The same values as in CSV; names and texts of any kind, and 007 stays as it is."""
    table = 'x1,name,x2\n1,007,-2.50\n0.25,"a\n""b,\u001b",1e1\n'
    arguments = ("predict", run, "--proba", "--keep", "name", "--keep", "x2")
    ended = nntrain(*arguments, "--json", stdin=table)
    assert len(ended.out.splitlines()) == 4
    rows = list(csv.DictReader(io.StringIO(nntrain(*arguments, stdin=table).out)))
    assert [list(item) for item in ended.json] == 2 * [["prediction", "probabilities", "kept"]]
    assert [item["kept"] for item in ended.json] == [{"name": "007", "x2": -2.5}, {"name": 'a\n"b,\u001b', "x2": 10.0}]
    for item, row in zip(ended.json, rows, strict=True):
        assert item["prediction"] == {"class": row["class"]}
        assert item["probabilities"] == {name: float(row[f"p_{name}"]) for name in ("outer", "inner")}
        assert max(item["probabilities"], key=item["probabilities"].get) == row["class"]
    assert nntrain("predict", run, "--json", stdin=table).json == [
        {"prediction": item["prediction"]} for item in ended.json
    ]


def test_predictions_in_blocks_are_one_json_array(
    run: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a later row cannot be predicted, the array stays open: it is no JSON."""
    rows = ["x1,x2", *(f"{i / 7},{-i / 3}" for i in range(10))]
    whole = nntrain("predict", run, "--json", stdin="\n".join(rows))
    assert len(whole.json) == 10
    monkeypatch.setattr(predict, "BLOCK_OUTPUTS", 7)  # three rows
    assert nntrain("predict", run, "--json", stdin="\n".join(rows)) == whole
    ended = nntrain("predict", run, "--json", stdin="\n".join([*rows, "1.5e38,1.5e38"]))
    assert ended.status == 2
    assert "only the first 9 predictions were printed" in ended.err
    with pytest.raises(json.JSONDecodeError):
        _ = ended.json
    assert "lacks 1 of the model's 2 columns" in refused(nntrain, "predict", run, "--json", stdin="x1\n1\n")


def test_columns_of_a_file_with_types(run: Path, nntrain: CommandLine) -> None:
    """Numbers and truth values keep their types; what neither CSV nor JSON can hold is text."""
    columns: dict[str, Any] = {
        "x1": [1.0],
        "x2": [2.0],
        "id": [7],
        "nan": [math.nan],
        "day": [date(2026, 1, 2)],
        "open": [True],
        "bytes": [b"a\xff"],
        "list": [[1, 2]],
    }
    pl.DataFrame(columns).write_parquet("rows.parquet")
    keep = [word for name in columns for word in ("--keep", name)]
    kept = {"x1": 1.0, "x2": 2.0, "id": 7, "nan": None, "day": "2026-01-02", "open": True}
    (item,) = nntrain("predict", run, "rows.parquet", "--json", *keep).json
    assert item["kept"] == kept | {"bytes": "b'a\\xff'", "list": "[1, 2]"}
    (row,) = csv.DictReader(io.StringIO(nntrain("predict", run, "rows.parquet", *keep).out))
    assert (row["bytes"], row["list"], row["day"]) == ("b'a\\xff'", "[1, 2]", "2026-01-02")


def test_predicted_numbers_and_a_column_of_the_same_name(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe, table = tmp_path / "table.yaml", tmp_path / "rows.csv"
    table.write_text(TABLE)
    recipe.write_text(
        "data: {source: {name: table, path: rows.csv, target: y, exclude: [color], decimal: '.'}}\n"
        "model: {hidden: []}\ntraining: {epochs: 2}\n"
    )
    assert nntrain("fit", recipe, "--out", tmp_path / "run", "-q").status == 0
    arguments = ("predict", tmp_path / "run", table)
    found = nntrain(*arguments, "--json", "--keep", "id", "--keep", "x", "--keep", "id").json
    printed = nntrain(*arguments).out.splitlines()[1:]
    assert [item["prediction"]["y"] for item in found] == list(map(float, printed))
    assert found[3]["kept"] == {"id": "03", "x": 0.429}  # the model ignores id, and reads x as a number
    assert "--keep y: the column of the predictions has this name too" in refused(
        nntrain, *arguments, "--json", "--keep", "y"
    )
    assert "--proba: regression gives no probabilities" in refused(nntrain, *arguments, "--json", "--proba")


def test_report(run: Path, nntrain: CommandLine) -> None:
    ended = nntrain("report", run, "--json")
    page = run / "report.html"
    assert ended.json == {"path": str(page), "bytes": page.stat().st_size, "notes": []}
    assert "--json: standard output is for the page" in refused(nntrain, "report", run, "--out", "-", "--json")


def test_a_figure_that_is_left_out_is_in_the_json_of_report(nntrain: CommandLine, tmp_path: Path) -> None:
    table, recipe = tmp_path / "line.csv", tmp_path / "line.yaml"
    table.write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(20)))
    recipe.write_text(
        "data: {source: {name: csv, path: line.csv, target: y}}\nmodel: {hidden: []}\ntraining: {epochs: 2}\n"
    )
    assert nntrain("fit", recipe, "--out", tmp_path / "run", "-q").status == 0
    table.write_text("x,y\n1,2\n3,4\n")
    ended = nntrain("report", tmp_path / "run", "--json")
    assert ended.err == ""
    assert [note.split(":")[0] for note in ended.json["notes"]] == ["no loss surface", "no figure of the predictions"]


def test_plotted_charts(nntrain: CommandLine, tmp_path: Path) -> None:
    """The numbers of every line, with and without a picture."""
    ended = nntrain("plot", "activations", "relu", "--json")
    (chart,) = plot(Kind.ACTIVATIONS, ["relu"])
    shown = ended.json
    assert (shown["plot"], shown["path"]) == ("activations", None)
    assert [list(map(type, line.values())) for line in shown["charts"][0]["lines"]] == 2 * [
        [str, list, list, type(None), type(None)]
    ]
    (found,) = shown["charts"]
    assert (found["title"], found["x_label"]) == (chart.title, chart.x)
    value, slope = found["lines"]
    np.testing.assert_array_equal(value["y"], np.maximum(value["x"], 0))
    np.testing.assert_array_equal(slope["y"], chart.lines[1].y)
    file = tmp_path / "relu.tex"
    with_picture = nntrain("plot", "activations", "relu", "--json", "-o", file)
    assert with_picture.json == shown | {"path": str(file)}
    assert file.read_text() == as_tex([chart])
    assert "did you mean relu?" in refused(nntrain, "plot", "activations", "rellu", "--json")


def test_bands_and_gaps_of_charts_are_in_the_json() -> None:
    x = np.array([1.0, 2])
    chart = LineChart("loss", [Line("a", x, np.array([np.nan, 1]), 0, low=x - 1, high=x)], note="note")
    assert json.loads(as_json(chart.to_json())) == {
        "title": "loss",
        "x_label": "epoch",
        "note": "note",
        "lines": [{"label": "a", "x": [1, 2], "y": [None, 1], "low": [0, 1], "high": [1, 2]}],
    }


def test_a_plotted_boundary(run: Path, nntrain: CommandLine) -> None:
    """The class at each point of the grid is what predict prints for it."""
    shown = nntrain("plot", "boundary", run, "--json").json
    (x1, x2), (frame,) = shown["axes"].values(), shown["frames"]
    assert list(shown["axes"]) == ["x1", "x2"]
    assert (len(frame["values"]), len(frame["values"][0])) == (len(x2), len(x1))
    points = [(i, j) for i in range(0, len(x1), 30) for j in range(0, len(x2), 30)]
    table = "x1,x2\n" + "".join(f"{x1[i]},{x2[j]}\n" for i, j in points)
    predicted = [item["prediction"]["class"] for item in nntrain("predict", run, "--json", stdin=table).json]
    assert [shown["classes"][frame["values"][j][i]] for i, j in points] == predicted
    assert set(predicted) == {"outer", "inner"}
    assert {name: len(rows["y"]) for name, rows in shown["rows"].items()} == {"train": 140, "validation": 30}


def test_init(nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe as data is the one that is printed as YAML."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(TABLE)
    arguments = ("init", "rows.csv", "--target", "y", "--exclude", "x")
    printed, ended = nntrain(*arguments), nntrain(*arguments, "--json")
    assert ended.err == ""
    assert ended.json["recipe"]["data"]["source"] == {
        "name": "table",
        "path": "rows.csv",
        "target": "y",
        "task": "regression",
        "exclude": ["x"],
    }
    assert ended.json["recipe"]["optimizer"] == {"name": "adam", "lr": 0.003}
    assert ended.json["notes"] == ["column 'color' is constant"]
    assert printed.err == "nntrain: column 'color' is constant\n"
    assert (
        nntrain("show", "-", "--json", stdin=printed.out).json["recipe"]
        == nntrain("show", "-", "--json", stdin=json.dumps(ended.json["recipe"])).json["recipe"]
    )
    assert "did you mean y?" in refused(nntrain, "init", "rows.csv", "--target", "Y", "--json")
