"""What the argument of a command can name: the same for every command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.utils.resources import shipped_recipes
from tests.helpers import ROOT, CommandLine, refused

RECIPE = "data: {source: {name: moons, rows: 200}}\nmodel: {hidden: [8]}\ntraining: {epochs: 2}\n"
QUICK = ("--set", "training.epochs=2")


@pytest.fixture
def run(moons: Path, nntrain: CommandLine) -> Path:
    """The directory of a run, below the present directory."""
    assert nntrain("fit", moons, "--out", "runs/x", "-q").status == 0
    return Path("runs/x")


RECIPES = {  # commands that take a recipe, with what makes them quick
    "fit": ("-q", *QUICK),
    "show": (),
    "diagnose": (),
    "trace": (),
    "gradcheck": ("--steps", 0),
    "compare": ("--optimizers", "sgd,adam", "--seeds", 2, "-q", *QUICK),
}


@pytest.mark.parametrize("command", RECIPES)
def test_a_recipe_is_a_file_standard_input_or_shipped(command: str, moons: Path, nntrain: CommandLine) -> None:
    options = RECIPES[command]
    expected = nntrain(command, moons, *options, "--json")
    assert expected.status == 0
    assert nntrain(command, "-", *options, "--json", stdin=RECIPE).status == 0
    assert nntrain(command, "iris", *options, "--json").status == 0


@pytest.mark.parametrize("command", [command for command in RECIPES if command != "compare"])
def test_a_recipe_is_that_of_a_run_or_a_model(command: str, run: Path, nntrain: CommandLine) -> None:
    options = () if command in ("diagnose", "trace") else RECIPES[command]
    shutil.copy(run / "model.safetensors", "best.model")  # known by its content
    outputs = [nntrain(command, path, *options) for path in (run, run / "model.safetensors", "best.model")]
    assert {ended.status for ended in outputs} == {0}
    assert len({ended.out for ended in outputs}) == 1


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_model_is_a_file_or_that_of_a_run(command: str, run: Path, nntrain: CommandLine) -> None:
    rows = "x1,x2\n1,2\n3,4\n"
    shutil.copy(run / "model.safetensors", "best.model")
    outputs = [nntrain(command, path, stdin=rows) for path in (run, run / "model.safetensors", "best.model")]
    assert {ended.status for ended in outputs} == {0}
    assert len({ended.out for ended in outputs}) == 1
    for recipe in ("moons.yaml", "digits", "-"):
        message = refused(nntrain, command, recipe)
        assert f"{recipe}: is a recipe, expected a trained model\n  train it first: nntrain fit {recipe}" in message
    Path("rows.csv").write_text(rows)
    assert "rows.csv: is not a model file" in refused(nntrain, command, "rows.csv")
    (run / "model.safetensors").unlink()
    assert "has no model.safetensors: the run has not finished" in refused(nntrain, command, run)
    assert "has no model.safetensors" in refused(nntrain, "diagnose", run)


def test_a_file_or_directory_comes_before_a_shipped_recipe(run: Path, nntrain: CommandLine) -> None:
    shutil.move(run, "digits")
    assert "moons" in nntrain("show", "digits").out
    shutil.rmtree("digits")
    assert "source: {name: digits}" in nntrain("show", "digits").out


def test_what_is_not_there(moons: Path, nntrain: CommandLine) -> None:
    Path("empty").mkdir()
    Path("d.csv").write_text("a,y\n1,2\n")
    for command in ("fit", "evaluate", "diagnose"):
        assert "did you mean digits?" in refused(nntrain, command, "digit")
        assert "did you mean moons.yaml?" in refused(nntrain, command, "moons.yml")
        message = refused(nntrain, command, "qqqqqq")
        assert "qqqqqq: no such file" in message
        assert "shipped recipe (see nntrain recipes), a run directory or a model file" in message
        assert "empty: is not a run directory" in refused(nntrain, command, "empty")
        assert "cannot read" in refused(nntrain, command, "x" * 300)
    assert "data: {source: {name: table, path: d.csv, target: COLUMN}}" in refused(nntrain, "fit", "d.csv")
    assert "--set does not apply to a trained model" in refused(nntrain, "diagnose", fitted(nntrain), "--set", "seed=1")


def fitted(nntrain: CommandLine) -> str:
    assert nntrain("fit", "moons.yaml", "--out", "run", "-q").status == 0
    return "run"


def test_shipped_recipes_find_their_files(nntrain: CommandLine, moons: Path) -> None:
    for name in shipped_recipes():
        assert nntrain("show", name, "--json").json["recipe"]["name"] == name


def test_a_pipe_can_be_a_recipe(moons: Path) -> None:
    command = f"{sys.executable} -m nntrain show <(cat {moons})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert "moons" in ended.stdout


def test_a_dash_is_standard_output_or_no_directory(moons: Path, nntrain: CommandLine) -> None:
    before = sorted(Path().iterdir())
    assert nntrain("recipes", "copy", "digits", "-").out == shipped_recipes()["digits"].read_text()
    assert "did you mean digits?" in refused(nntrain, "recipes", "copy", "digit", "-")
    for command in (("fit", moons), ("compare", moons, "--optimizers", "sgd,adam")):
        assert "--out: a directory cannot be written to standard output" in refused(nntrain, *command, "--out", "-")
    assert sorted(Path().iterdir()) == before
