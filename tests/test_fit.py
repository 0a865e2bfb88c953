"""nntrain fit from end to end: what it leaves, what it prints, how it ends."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.errors import bad_input
from nntrain.metrics import metrics_of
from nntrain.recipe.load import load
from nntrain.training.engine import Engine
from nntrain.training.events import Stopped
from nntrain.utils.resources import shipped_recipes
from tests.helpers import ROOT, CommandLine

DIVERGING = (
    "data: {source: diabetes, standardize_target: true}\nmodel: {hidden: [16]}\noptimizer: {name: sgd, lr: 1e3}\n"
)
FILES = {"recipe.yaml", "metrics.jsonl", "summary.json", "model.safetensors"}


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small recipe in an empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text("data: {source: moons}\nmodel: {hidden: [8]}\ntraining: {epochs: 12, statistics_every: 4}\n")
    return path


def lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line, parse_constant=pytest.fail) for line in (folder / "metrics.jsonl").read_text().splitlines()
    ]


def test_a_run_leaves_a_directory_and_one_json_object(recipe: Path, nntrain: CommandLine) -> None:
    ended = nntrain("fit", recipe, "--json")
    assert ended.status == 0
    summary = ended.json
    folder = Path(summary["run"])
    assert folder.parent == Path("runs")
    assert folder.name.startswith("small-")
    assert {path.name for path in folder.iterdir()} == FILES
    assert summary == json.loads((folder / "summary.json").read_text())
    assert summary["model"] == str(folder / "model.safetensors")
    assert (summary["epochs"], summary["steps"], summary["stopped"]) == (12, 12 * 11, "epochs")
    for part in ("train", "validation", "test"):
        assert summary[part].keys() == {"loss", *metrics_of("classification")}
        assert summary["final"][part].keys() == {"loss", "accuracy"}
    assert summary["final"]["test"].items() <= summary["test"].items()

    epochs = lines(folder)
    assert [line["epoch"] for line in epochs] == list(range(1, 13))
    assert [line["step"] for line in epochs] == list(range(11, 133, 11))
    always = {
        "epoch",
        "step",
        "seconds",
        "learning_rate",
        "train_loss",
        "gradient_norm",
        "samples_per_second",
        "improved",
    }
    validation, probe = {"validation_loss", "validation_accuracy"}, {"probe_loss", "probe_accuracy", "layers"}
    measured = [line["epoch"] for line in epochs if line.keys() == always | validation | probe]
    assert measured == [1, 4, 8, 12]
    assert all(line.keys() == always | validation for line in epochs if line["epoch"] not in measured)
    assert epochs[-1]["validation_loss"] == summary["validation"]["loss"]
    assert epochs[-1]["layers"] == [
        {key: layer[key] for key in ("gradient_norm", "dead")} for layer in summary["layers"]
    ]


def test_the_run_can_be_repeated_from_what_it_left(recipe: Path, nntrain: CommandLine) -> None:
    """The same recipe and seed on the same machine: the same weights, to the byte."""
    nntrain("fit", recipe, "--out", "one", "--set", "seed=5", "-q")
    nntrain("fit", "one/recipe.yaml", "--out", "two", "-q")
    assert Path("one/model.safetensors").read_bytes() == Path("two/model.safetensors").read_bytes()
    assert load("two/recipe.yaml").recipe == load("one/recipe.yaml").recipe
    nntrain("fit", recipe, "--out", "three", "--set", "seed=6", "-q")
    assert (Model.load(Path("one/model.safetensors")).theta != Model.load(Path("three/model.safetensors")).theta).any()


def test_people_get_a_table_and_details_on_standard_error(recipe: Path, nntrain: CommandLine) -> None:
    ended = nntrain("fit", recipe, "--out", "run")
    rows = [line.split() for line in ended.out.splitlines()]
    assert [row[0] for row in rows] == ["loss", "train", "validation", "test"]
    for word in ("epoch 1/12  train loss", "epoch 12/12", "all epochs done after 12 epochs, 132 steps", "run: run"):
        assert word in ended.err
    assert "1 dense 2→8 relu" in ended.err
    assert "gradient norm" in ended.err


def test_quiet_is_quiet(recipe: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", recipe, "--quiet", "--json").err == ""


def test_the_recipe_may_come_from_standard_input(recipe: Path, nntrain: CommandLine) -> None:
    ended = nntrain("fit", "-", "--json", "-q", "--set", "training.epochs=2", stdin=recipe.read_text())
    assert ended.json["epochs"] == 2
    assert ended.json["name"] == "run"


def test_an_existing_run_is_not_overwritten_unless_asked(recipe: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", recipe, "--out", "run", "-q").status == 0
    before = Path("run/summary.json").read_bytes()
    refused = nntrain("fit", recipe, "--out", "run", "-q")
    assert refused.status == 2
    assert "already holds a run" in refused.err
    assert "--overwrite" in refused.err
    assert Path("run/summary.json").read_bytes() == before
    assert nntrain("fit", recipe, "--out", "run", "-q", "--overwrite", "--set", "training.epochs=1").status == 0
    assert len(lines(Path("run"))) == 1


def test_runs_of_the_same_second_get_names_of_their_own(recipe: Path, nntrain: CommandLine) -> None:
    folders = {nntrain("fit", recipe, "-q", "--json", "--set", "training.epochs=1").json["run"] for _ in range(3)}
    assert len(folders) == 3


def test_a_name_with_a_slash_stays_in_runs(recipe: Path, nntrain: CommandLine) -> None:
    summary = nntrain("fit", recipe, "-q", "--json", "--set", "name=../../x y").json
    assert Path(summary["run"]).parent == Path("runs")
    assert summary["name"] == "../../x y"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("test.accuracy>=0.5", 0),
        ("test.accuracy >= 1.5", 1),
        ("epochs==12", 0),
        ("validation.loss<0", 1),
        ("dead<=1", 0),
    ],
)
def test_require_sets_the_exit_status(recipe: Path, nntrain: CommandLine, condition: str, status: int) -> None:
    ended = nntrain("fit", recipe, "-q", "--json", "--require", condition)
    assert ended.status == status
    assert ended.json["epochs"] == 12  # the result is printed all the same
    assert (condition.replace(" ", "") in ended.err.replace(" ", "")) == (status == 1)


def test_a_run_is_overwritten_when_the_new_one_is_there(recipe: Path, nntrain: CommandLine) -> None:
    out = recipe.parent / "run"
    assert nntrain("fit", recipe, "--out", out, "-q").status == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "save", lambda *_: (_ for _ in ()).throw(bad_input("model", "cannot write: disk full")))
        failed = nntrain("fit", recipe, "--out", out, "-q", "--overwrite", "--set", "seed=3")
        assert failed.status == 4
        assert "could not save the model anywhere" in failed.err
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
        assert nntrain("fit", recipe, "--out", recipe.parent / "new", "-q").status == 2
        assert not (recipe.parent / "new").exists()
    assert nntrain("fit", recipe, "--out", out, "-q", "--overwrite", "--set", "seed=3").status == 0
    assert {path.name for path in out.iterdir()} == set(before)
    assert (out / "model.safetensors").read_bytes() != before["model.safetensors"]


def test_the_documentation_names_all_keys_of_a_run_directory(recipe: Path, nntrain: CommandLine) -> None:
    settings = ("--set", "regularization.clip_norm=1", "--set", "model.hidden=[]", "--set", "training.epochs=9")
    summary = nntrain("fit", recipe, "--out", "run", "--json", *settings).json
    page = (ROOT / "docs" / "files.md").read_text().splitlines()
    (of_metrics,) = (line for line in page if line.startswith("| `metrics.jsonl`"))
    (of_summary,) = (line for line in page if line.startswith("| `summary.json`"))
    assert {key for line in lines(Path("run")) for key in line if f"`{key}`" not in of_metrics} == set()
    assert {key for key in (*summary, *Stopped) if f"`{key}`" not in of_summary} == set()


def test_line_finds_weight_3_and_bias_1(tmp_path: Path, nntrain: CommandLine) -> None:
    ended = nntrain("fit", shipped_recipes()["line"], "--out", tmp_path / "run", "--json", "-q")
    assert ended.json["stopped"] == "grad_tol"
    assert ended.json["train"]["r2"] == pytest.approx(1)
    weight, bias = Model.load(tmp_path / "run" / "model.safetensors").theta
    assert weight == pytest.approx(3, abs=1e-3)
    assert bias == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", ["32", "1", "full"])
def test_a_run_that_diverges_ends_at_once_and_keeps_the_last_finite_state(
    tmp_path: Path, nntrain: CommandLine, dtype: str, batch: str
) -> None:
    recipe = tmp_path / "d.yaml"
    recipe.write_text(DIVERGING + f"training: {{dtype: {dtype}, batch_size: {batch}}}")
    ended = nntrain("fit", recipe, "--out", tmp_path / "run", "--json")
    assert ended.status == 3
    summary = ended.json
    diverged = summary["diverged"]
    assert summary["stopped"] == "diverged"
    assert diverged["step"] == summary["steps"] + 1
    assert diverged["where"] == "the loss"
    assert "smaller optimizer.lr" in diverged["advice"]
    assert f"at step {diverged['step']:,}" in ended.err
    assert diverged["where"] in ended.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == {*FILES, "states"}
    assert np.isfinite(Model.load(tmp_path / "run" / "model.safetensors").theta).all()
    assert len(lines(tmp_path / "run")) == summary["epochs"]
