"""Runs are logged to MLflow: to its own SQLite store where it is installed, otherwise to a stand-in for its client."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from nntrain.cli import job
from tests.helpers import CommandLine, refused


class Param(NamedTuple):
    key: str
    value: str


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Client:
    """Records what MLflow's client is told; ``broken`` methods raise."""

    def __init__(self, *broken: str) -> None:
        self.runs: list[dict[str, Any]] = []
        self.stack: list[int] = []
        self.broken = broken
        self.entities = SimpleNamespace(Param=Param, Metric=Metric)

    def __getattribute__(self, name: str) -> Any:
        def broken(*_: Any, **__: Any) -> None:
            raise OSError("no route to host")

        return broken if name in object.__getattribute__(self, "broken") else object.__getattribute__(self, name)

    def MlflowClient(self) -> "Client":  # noqa: N802 - as in MLflow
        return self

    def get_tracking_uri(self) -> str:
        return "sqlite:///mlflow.db"

    def active_run(self) -> Any:
        return SimpleNamespace(info=SimpleNamespace(run_id=self.stack[-1])) if self.stack else None

    def start_run(self, run_name: str, nested: bool, tags: dict[str, str]) -> None:
        assert nested == bool(self.stack)
        self.stack.append(len(self.runs))
        self.runs.append({"name": run_name, "tags": tags, "params": {}, "metrics": {}, "files": [], "status": ""})

    def log_batch(self, run_id: int, metrics: list[Metric] = [], params: list[Param] = []) -> None:  # noqa: B006
        assert len(metrics) <= 1000
        assert len(params) <= 100
        self.runs[run_id]["params"] |= dict(params)
        for key, value, _, step in metrics:
            self.runs[run_id]["metrics"].setdefault(key, []).append((step, value))

    def set_tags(self, tags: dict[str, str]) -> None:
        self.runs[self.stack[-1]]["tags"] |= tags

    def log_artifact(self, path: str) -> None:
        assert Path(path).is_file()
        self.runs[self.stack[-1]]["files"].append(Path(path).name)

    def log_text(self, text: str, name: str) -> None:
        assert text
        self.runs[self.stack[-1]]["files"].append(name)

    def end_run(self, status: str) -> None:
        self.runs[self.stack.pop()]["status"] = status


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client()
    monkeypatch.setitem(sys.modules, "mlflow", client)
    return client


def test_a_run(nntrain: CommandLine, moons: Path, mlflow: Client) -> None:
    found = nntrain("fit", moons, "--out", "run", "-q", "--json", "--mlflow").json
    (run,) = mlflow.runs
    assert run["name"] == "run"
    assert run["status"] == "FINISHED"
    assert run["params"]["optimizer.name"] == "adam"
    assert run["params"]["model.hidden"] == "[8]"
    lines = [json.loads(line) for line in Path("run", "metrics.jsonl").read_text().splitlines()]
    assert run["metrics"]["loss/validation"] == [(line["epoch"], line["validation_loss"]) for line in lines]
    assert "gradient_norm/1 dense 2-8 relu" in run["metrics"]
    assert run["metrics"]["test.accuracy"] == [(0, found["test"]["accuracy"])]
    assert run["files"] == ["recipe.yaml", "summary.json", "model.safetensors", "report.html"]
    assert run["tags"] == {
        "nntrain.run": str(Path("run").resolve()),
        "nntrain.verdict": found["verdict"],
        "nntrain.stopped": "epochs",
    }


@pytest.mark.parametrize(("end", "status"), [("diverged", "FAILED"), ("interrupted", "KILLED"), ("error", "FAILED")])
def test_how_a_run_ends(
    nntrain: CommandLine, moons: Path, mlflow: Client, monkeypatch: pytest.MonkeyPatch, end: str, status: str
) -> None:
    fit: Callable[..., Any] = lambda *more: nntrain("fit", moons, "-q", "--mlflow", *more)  # noqa: E731
    if end == "diverged":
        assert fit("--set", "optimizer={name: sgd, lr: 1e20}").status == 3
    elif end == "interrupted":
        run = job.Job.run
        monkeypatch.setattr(job.Job, "run", lambda self, listener, _, conditions: run(self, listener, lambda: True))
        fit()
    else:
        monkeypatch.setattr("nntrain.training.loop.train", lambda *_, **__: {"": ""}["lost"])
        with pytest.raises(KeyError, match="lost"):
            fit()
    assert [run["status"] for run in mlflow.runs] == [status]


def test_a_comparison(nntrain: CommandLine, moons: Path, mlflow: Client) -> None:
    options = ("--optimizers", "sgd,adam", "--seeds", "2", "-q", "--mlflow", "--out", "compared", "--json")
    found = nntrain("compare", moons, *options).json
    whole, *runs = mlflow.runs
    assert whole["tags"]["nntrain.verdict"] == found["verdict"]
    assert whole["files"] == ["comparison.json"]
    assert sorted(run["name"] for run in runs) == ["adam seed 1", "adam seed 2", "sgd seed 1", "sgd seed 2"]
    assert {run["status"] for run in mlflow.runs} == {"FINISHED"}
    lines = [json.loads(line) for line in Path("compared", "runs.jsonl").read_text().splitlines()]
    for run in runs:
        (line,) = [one for one in lines if f"{one['variant']} seed {one['seed']}" == run["name"]]
        assert [value for _, value in run["metrics"]["loss/train"]] == [point[3] for point in line["curve"]]
        assert run["metrics"]["test.loss"] == [(0, line["scores"]["test"]["loss"])]
        assert run["params"]["seed"] == str(line["seed"])
    assert "nothing to vary, tune or save" in refused(nntrain, "compare", "compared", "compared", "--mlflow")


def test_trouble_during_a_run_does_not_stop_it(nntrain: CommandLine, moons: Path, mlflow: Client) -> None:
    mlflow.broken = ("log_batch", "end_run")
    ended = nntrain("fit", moons, "--out", "run", "-q", "--mlflow")
    assert ended.status == 0
    assert ended.err.count("cannot write to MLflow: no route to host") == 1
    assert Path("run", "model.safetensors").exists()


def test_a_store_that_cannot_be_opened_is_refused(nntrain: CommandLine, moons: Path, mlflow: Client) -> None:
    mlflow.broken = ("start_run",)
    message = refused(nntrain, "fit", moons, "-q", "--mlflow")
    assert "cannot open sqlite:///mlflow.db: no route to host" in message
    assert "set MLFLOW_TRACKING_URI" in message


@pytest.mark.parametrize("command", ["fit", "compare"])
def test_without_mlflow_the_extra_is_named(
    nntrain: CommandLine, moons: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert "MLflow is not installed\n  pip install 'nntrain[mlflow]'" in refused(nntrain, command, moons, "--mlflow")


@pytest.mark.filterwarnings("ignore")
def test_the_sqlite_store_holds_a_run(
    nntrain: CommandLine, moons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.setattr(mlflow, "get_tracking_uri", mlflow.get_tracking_uri)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("moons", artifact_location=(tmp_path / "artifacts").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment)
    found = nntrain("fit", moons, "--out", "run", "-q", "--json", "--mlflow")
    assert found.status == 0, found.err
    (run,) = client.search_runs([experiment])
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer.name"] == "adam"
    assert run.data.metrics["test.accuracy"] == found.json["test"]["accuracy"]
    lines = [json.loads(line) for line in Path("run", "metrics.jsonl").read_text().splitlines()]
    history = client.get_metric_history(run.info.run_id, "loss/train")
    assert [(one.step, one.value) for one in history] == [(line["epoch"], line["train_loss"]) for line in lines]
    names = [file.path for file in client.list_artifacts(run.info.run_id)]
    assert names == ["model.safetensors", "recipe.yaml", "report.html", "summary.json"]
    options = ("--optimizers", "sgd,adam", "--seeds", "2", "-q", "--mlflow", "--out", "compared")
    assert nntrain("compare", moons, *options).status == 0
    whole = next(one for one in client.search_runs([experiment]) if one.info.run_name == "compared")
    inside = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{whole.info.run_id}'")
    assert {one.info.run_name for one in inside} == {"adam seed 1", "adam seed 2", "sgd seed 1", "sgd seed 2"}
