"""Which data a model is evaluated on: only those that the user names, or that are known to be the model's own."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts import container
from tests.helpers import CommandLine, refused

CSV = "a,b,y\n" + "".join(f"{i % 2 + i / 100},{i * i % 7},{'pq'[i % 2]}\n" for i in range(60))
PRIVATE = "key=hunter2,x\n1,2\n"
COMMANDS = ("evaluate", "diagnose", "trace")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nntrain: CommandLine) -> Path:
    """A directory, which is the current one, with data/d.csv, r.yaml, and a run of it, runs/one."""
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    monkeypatch.chdir(project)
    Path("data/d.csv").write_text(CSV)
    Path("r.yaml").write_text(
        "data: {source: {name: csv, path: data/d.csv, target: y}}\nmodel: {hidden: [3]}\ntraining: {epochs: 2}\n"
    )
    assert nntrain("fit", "r.yaml", "--out", "runs/one", "-q").status == 0
    return project


MODEL = Path("runs/one/model.safetensors")


def forge(**source: Any) -> None:
    """Change what the model's recipe says of its data, as a stranger can."""
    tensors, facts = container.read(MODEL)
    facts["recipe"]["data"]["source"] |= source
    container.write(MODEL, tensors, {key: value for key, value in facts.items() if key != "sha256"})


def forge_recipe(path: str) -> None:
    """Change where the run's recipe.yaml has its data."""
    file = Path("runs/one/recipe.yaml")
    file.write_text(file.read_text().replace("../../data/d.csv", path))


def test_a_model_does_not_say_where_its_data_were(project: Path) -> None:
    assert str(project).encode() not in MODEL.read_bytes()
    assert container.read(MODEL)[1]["recipe"]["data"]["source"]["path"] == "d.csv"
    assert "path: ../../data/d.csv" in Path("runs/one/recipe.yaml").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_project_can_be_moved(
    project: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before = nntrain(command, MODEL, "--json").json
    project.rename(project.parent / "moved")
    monkeypatch.chdir(project.parent)
    assert nntrain(command, "moved" / MODEL, "--json").json == before
    again = nntrain("fit", "moved/runs/one/recipe.yaml", "--out", "again", "-q")
    assert again.status == 0
    assert Path("again/model.safetensors").read_bytes() == ("moved" / MODEL).read_bytes()


def test_a_project_behind_a_link_can_be_used(project: Path, nntrain: CommandLine) -> None:
    elsewhere = project.parent / "scratch" / "deep"
    elsewhere.mkdir(parents=True)
    Path("linked").symlink_to(elsewhere)
    assert nntrain("fit", "r.yaml", "--out", "linked/two", "-q").status == 0
    assert nntrain("evaluate", "linked/two/model.safetensors").status == 0
    assert nntrain("show", "linked/two/recipe.yaml").status == 0


def test_a_path_that_is_absolute_stays_so(project: Path, nntrain: CommandLine) -> None:
    data = project / "data" / "d.csv"
    assert nntrain("fit", "r.yaml", "--set", f"data.source.path={data}", "--out", "runs/two", "-q").status == 0
    assert f"path: {data}\n" in Path("runs/two/recipe.yaml").read_text()
    Path("runs/two").rename(project.parent / "two")
    assert nntrain("evaluate", project.parent / "two" / "model.safetensors").status == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_data_beside_a_model_are_found(project: Path, nntrain: CommandLine, command: str) -> None:
    before = nntrain(command, MODEL, "--json").json
    Path("sent").mkdir()
    shutil.copy(MODEL, "sent")
    message = refused(nntrain, command, "sent/model.safetensors")
    assert "its training data are missing: looked for sent/d.csv" in message
    assert "--data" in message
    shutil.copy("data/d.csv", "sent")
    assert nntrain(command, "sent/model.safetensors", "--json").json == before


@pytest.mark.parametrize("command", COMMANDS)
def test_data_that_have_changed_are_not_taken_for_the_models(project: Path, nntrain: CommandLine, command: str) -> None:
    Path("data/d.csv").write_text(PRIVATE)
    message = refused(nntrain, command, MODEL)
    assert "data/d.csv: has changed: its sha256 is" in message
    assert "for a model, name the file with --data" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["secret.env", "../../secret.env", "absolute"])
def test_nothing_is_opened_because_a_file_names_it(
    project: Path, nntrain: CommandLine, command: str, name: str
) -> None:
    Path("secret.env").write_text(PRIVATE)
    path = str(project / "secret.env") if name == "absolute" else name
    forge(path=path)
    assert nntrain(command, MODEL).status == 0  # the model's own data are those of the run's recipe
    forge_recipe(path)
    assert "hunter2" not in refused(nntrain, command, MODEL)
    forge(path=path, sha256=None)
    message = refused(nntrain, command, MODEL)
    assert "has no checksum of its training data secret.env" in message


@pytest.mark.parametrize("command", [*COMMANDS, "report"])
@pytest.mark.parametrize("path", ["/dev/zero", "../../pipe"])
def test_pipes_and_devices_are_not_opened_because_a_file_names_them(
    project: Path, nntrain: CommandLine, command: str, path: str
) -> None:
    os.mkfifo("pipe")
    forge(path=path)
    forge_recipe(path)
    if command == "report":
        assert nntrain(command, "runs/one").status == 0  # needs no data, as there are more than two parameters
    else:
        assert "its training data are missing" in refused(nntrain, command, MODEL)


def test_a_report_reads_the_data_of_a_run_only_if_they_are_unchanged(project: Path, nntrain: CommandLine) -> None:
    Path("line.csv").write_text("x,y\n1,4\n2,7\n3,10\n4,13\n5,16\n")
    recipe = "data: {source: {name: csv, path: line.csv, target: y}, validation: 0, test: 0}\nmodel: {hidden: []}\n"
    assert nntrain("fit", "-", "--out", "line", "-q", "--set", "training.epochs=9", stdin=recipe).status == 0
    page = nntrain("report", "line", "--out", "-").out
    assert "training loss over w1 and b" in page
    file = Path("line/recipe.yaml")
    Path("secret.env").write_text(PRIVATE)
    text = file.read_text().replace("../line.csv", "../secret.env")
    without = re.sub("sha256: [0-9a-f]+", "sha256: null", text)
    for written in (text, without):
        file.write_text(written)
        ended = nntrain("report", "line", "--out", "-")
        assert "no loss surface" in ended.err
        assert "hunter2" not in ended.err + ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_user_names_other_data(project: Path, nntrain: CommandLine, command: str) -> None:
    Path("new.csv").write_text(CSV)
    Path("data/d.csv").unlink()
    ended = nntrain(command, MODEL, "--data", "new.csv", "--json")
    assert ended.status == 0
    assert nntrain(command, MODEL, "--data", "-", "--json", stdin=CSV).out == ended.out
    Path("new.csv").write_text(CSV.replace(",", ";"))
    assert nntrain(command, MODEL, "--data", "new.csv", "--separator", ";", "--json").out == ended.out
    assert "--data" in refused(nntrain, command, MODEL, "--separator", ";")
    assert "is a device" in refused(nntrain, command, MODEL, "--data", "/dev/zero")


def test_devices_and_pipes_are_no_models_and_devices_no_text(project: Path, nntrain: CommandLine) -> None:
    os.mkfifo("pipe")
    for path in ("pipe", "/dev/null"):
        assert "is not a model file" in refused(nntrain, "evaluate", path)
    assert "/dev/zero: is a device, expected a recipe" in refused(nntrain, "fit", "/dev/zero")
    assert "/dev/zero: is a device, expected a table" in refused(
        nntrain, "fit", "r.yaml", "--set", "data.source.path=/dev/zero"
    )


def test_other_data_are_the_rows_that_are_looked_at(project: Path, nntrain: CommandLine) -> None:
    Path("new.csv").write_text("b,y,a\n3,q,7\n4,p,8\n")
    header = "row 2 of new.csv, target p, class 1 of 2\n"
    assert nntrain("trace", MODEL, "--data", "new.csv", "--row", 2).out.startswith(header)
    assert "--row: found 3, but new.csv has 2 rows" in refused(nntrain, "trace", MODEL, "--data", "new.csv", "--row", 3)
    assert nntrain("diagnose", MODEL, "--data", "new.csv", "--json").json["rows"] == 2
    assert "needs a trained model" in refused(nntrain, "diagnose", "r.yaml", "--data", "new.csv")


def test_a_recipe_can_insist_on_its_data(project: Path, nntrain: CommandLine) -> None:
    run = Path("runs/one/recipe.yaml")
    Path("data/d.csv").write_text(CSV + "1,1,p\n")
    message = refused(nntrain, "fit", run)
    assert "has changed" in message
    assert "set data.source.sha256: null" in message
    assert nntrain("fit", run, "--set", "data.source.sha256=", "--out", "two", "-q").status == 0
    assert "data.source.sha256: found the text 'ab'" in refused(nntrain, "fit", run, "--set", "data.source.sha256=ab")


def test_runs_of_the_same_data_at_other_depths_have_the_same_recipe(project: Path, nntrain: CommandLine) -> None:
    for place in ("two", "runs/deep/three"):
        assert nntrain("fit", "r.yaml", "--out", place, "-q", "--set", f"seed={len(place)}").status == 0
    assert "all runs have the same recipe" in refused(nntrain, "compare", "two", "runs/deep/three")


def test_a_model_of_an_older_version_can_be_used_on_data_that_are_named(project: Path, nntrain: CommandLine) -> None:
    tensors, facts = container.read(MODEL)
    del facts["recipe"]["data"]["source"]["sha256"]
    container.write(MODEL, tensors, {key: value for key, value in facts.items() if key != "sha256"})
    assert "has no checksum of its training data d.csv" in refused(nntrain, "evaluate", MODEL)
    assert "accuracy" in nntrain("evaluate", MODEL, "--data", "data/d.csv", "--json").json["data"]
