"""Commands on runs that have finished: runs, assert, diff and verify."""

import csv
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli.main import app
from tests.helpers import CommandLine, refused


@pytest.fixture
def runs(moons: Path, nntrain: CommandLine) -> Path:
    """A directory with three runs, one of them in a subdirectory, and one that has not finished."""
    for name, epochs in (("b", 2), ("a", 30), ("more/c", 4)):
        out = Path("runs") / name
        assert nntrain("fit", moons, "--out", out, "-q", "--set", f"training.epochs={epochs}").status == 0
    Path("runs/unfinished").mkdir()
    Path("runs/unfinished/recipe.yaml").write_text("")
    return Path("runs")


def listed(nntrain: CommandLine, *arguments: object) -> list[str]:
    ended = nntrain("runs", *arguments, "--json")
    assert ended.status == 0
    return [run["run"] for run in ended.json]


def test_runs_are_listed_filtered_and_sorted(runs: Path, nntrain: CommandLine) -> None:
    assert listed(nntrain) == ["runs/a", "runs/b", "runs/more/c"]
    assert listed(nntrain, "--sort", "epochs") == ["runs/b", "runs/more/c", "runs/a"]
    assert listed(nntrain, "--sort", "-epochs") == ["runs/a", "runs/more/c", "runs/b"]
    assert listed(nntrain, "--where", "epochs>=4", "--where", "epochs<30") == ["runs/more/c"]
    assert listed(nntrain, "runs/more", "--sort=-test.accuracy") == ["runs/more/c"]
    assert listed(nntrain, "--where", "test.r2>0") == []
    table = nntrain("runs").out
    assert table.splitlines()[1].split()[:3] == ["runs/a", "epochs", "30"]
    assert nntrain("runs", "--where", "epochs>99").out == "no runs\n"
    rows = list(csv.DictReader(nntrain("runs", "--csv").out.splitlines()))
    assert [row["run"] for row in rows] == ["runs/a", "runs/b", "runs/more/c"]
    assert rows[1]["epochs"] == "2"
    assert float(rows[1]["test.accuracy"]) == json.loads(Path("runs/b/summary.json").read_text())["test"]["accuracy"]


def test_a_damaged_summary_is_left_out_and_reported(runs: Path, nntrain: CommandLine) -> None:
    Path("runs/b/summary.json").write_text("{")
    ended = nntrain("runs", "--json")
    assert [run["run"] for run in ended.json] == ["runs/a", "runs/more/c"]
    assert "runs/b/summary.json: is damaged, and left out" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: is not a directory"),
        ((".", "--where", "epochs"), "--where: found 'epochs'"),
        ((".", "--where", "__import__('os')>1"), "--where: found"),
        ((".", "--where", "test.acuracy>1"), "did you mean accuracy?"),
        ((".", "--sort", "epoch"), "--sort: unknown key 'epoch'"),
        ((".", "--json", "--csv"), "--csv: cannot be combined with --json"),
    ],
)
def test_wrong_options_of_runs(
    tmp_path: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(nntrain, "runs", *arguments)


def test_thousands_of_runs_are_listed_soon(runs: Path, nntrain: CommandLine) -> None:
    summary = Path("runs/a/summary.json").read_bytes()
    for number in range(2000):
        folder = Path("many") / f"{number:04}"
        folder.mkdir(parents=True)
        (folder / "summary.json").write_bytes(summary)
    began = time.process_time()
    assert len(listed(nntrain, "many", "--where", "epochs>1", "--sort", "-test.loss")) == 2000
    assert time.process_time() - began < 5  # 0.3 s; far more would be another algorithm


def test_assert(runs: Path, nntrain: CommandLine) -> None:
    ended = nntrain("assert", "runs/a", "epochs==30", "test.loss<9")
    assert (ended.status, ended.out) == (0, "")
    ended = nntrain("assert", "runs/a", "epochs<30", "test.r2>0", "test.loss<9")
    assert ended.status == 1
    assert ended.out == "required epochs<30, found 30\nrequired test.r2>0, but this run has no test.r2\n"
    assert "has no summary.json" in refused(nntrain, "assert", "runs/unfinished", "epochs>1")
    assert "CONDITION: found 'epochs'" in refused(nntrain, "assert", "runs/a", "epochs")


def test_diff(runs: Path, moons: Path, nntrain: CommandLine) -> None:
    same = nntrain("diff", "runs/b", "runs/b")
    assert same.out == "recipe: the same\nmetrics: the same in 2 epochs\nweights: the same\n"
    longer = nntrain("diff", "runs/b", "runs/a").out.splitlines()
    assert longer[:2] == [
        "recipe: training.epochs: 2 -> 30",
        "metrics: the same for 2 epochs; the runs have 2 and 30",
    ]
    schedule = "schedule={name: step, every: 1, per: epoch}"
    assert nntrain("fit", moons, "--out", "d", "-q", "--set", "training.epochs=2", "--set", schedule).status == 0
    other = nntrain("diff", "runs/b", "d", "--json").json
    assert not other["identical"]
    assert other["recipe"][0]["key"] == "schedule.name"
    assert (other["parting"]["epoch"], other["parting"]["key"]) == (2, "learning_rate")
    assert other["weights"]["largest"] > 0
    assert nntrain("fit", moons, "--out", "e", "-q", "--set", "model.hidden=[3]").status == 0
    assert "different shapes" in nntrain("diff", "runs/b", "e").out
    assert "runs/unfinished: is not the directory of a finished run" in refused(
        nntrain, "diff", "runs/b", "runs/unfinished"
    )


def test_verify(runs: Path, nntrain: CommandLine) -> None:
    ended = nntrain("verify", "runs/b", "-q")
    assert (ended.status, ended.out) == (0, "identical: 2 epochs and all weights are the same to the bit\n")
    summary: dict[str, Any] = json.loads(Path("runs/b/summary.json").read_text())
    summary["certificate"]["versions"]["numpy"] = "1.0"
    Path("runs/b/summary.json").write_text(json.dumps(summary))
    lines = Path("runs/b/metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[1]) | {"train_loss": 0.25}
    Path("runs/b/metrics.jsonl").write_text(f"{lines[0]}\n{json.dumps(last)}\n")
    shutil.copy("runs/a/model.safetensors", "runs/b/model.safetensors")
    ended = nntrain("verify", "runs/b", "-q")
    assert ended.status == 1
    assert "metrics: differ from epoch 2 on: train_loss 0.25 -> " in ended.out
    assert "weights: differ by up to" in ended.out
    assert "numpy: 1.0 when the run was made" in ended.out
    found = nntrain("verify", "runs/b", "-q", "--json").json
    assert found["identical"] is False
    assert found["explanations"]


def test_the_commands_are_registered() -> None:
    names = {command.name for command in app.registered_commands}
    assert {"runs", "assert", "diff", "verify"} <= names
