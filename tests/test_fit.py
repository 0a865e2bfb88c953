"""nntrain fit from end to end: what it leaves, what it prints, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import InputError, bad_input
from nntrain.recipe.load import load
from nntrain.resources import shipped_recipes
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Started, Stopped
from tests.helpers import ROOT, CommandLine, built, finished, run

MOONS: dict[str, Any] = {"data": {"source": "moons"}, "model": {"hidden": [8]}, "training": {"epochs": 12}}
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
@pytest.mark.parametrize("seconds", [0.0, 1.0])  # written at the end, and at once
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, seconds: float) -> None:
    folder, events = RunFolder(tmp_path), run(MOONS)[1]
    folder.metrics = Path("/dev/full")
    epoch = next(event for event in events if isinstance(event, EpochEnded))
    with pytest.raises(InputError, match="/dev/full: cannot write: No space left on device"), folder:
        folder(epoch._replace(seconds=seconds))


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
        assert summary[part].keys() == {"loss", "accuracy"}
    assert summary["final"]["test"] == summary["test"]

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
    assert "holds a run already" in refused.err
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
        ("test.r2>0.5", 1),
        ("dead<=1", 0),
    ],
)
def test_require_sets_the_exit_status(recipe: Path, nntrain: CommandLine, condition: str, status: int) -> None:
    ended = nntrain("fit", recipe, "-q", "--json", "--require", condition)
    assert ended.status == status
    assert ended.json["epochs"] == 12  # the result is printed all the same
    assert (condition.replace(" ", "") in ended.err.replace(" ", "")) == (status == 1)


def test_a_step_that_is_not_full_is_taken_too() -> None:
    """500 rows, 350 to train on, batches of 100: four steps an epoch, the last one of 50 rows."""
    _, events = run({**MOONS, "training": {"epochs": 2, "batch_size": 100}})
    assert [event.step for event in events if isinstance(event, EpochEnded)] == [4, 8]


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows() -> None:
    """Not over its batches, of which the last is smaller; at this rate the weights stay where they are."""
    still = {"optimizer": {"name": "sgd", "lr": 1e-12}, "training": {"epochs": 1, "batch_size": 100}}
    engine, events = run({**MOONS, **still})
    (ended,) = [event for event in events if isinstance(event, EpochEnded)]
    assert ended.train_loss == pytest.approx(engine.score(engine.train).loss, rel=1e-5)


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 350), ("full", 1), (350, 1), (349, 2)])
def test_batch_sizes(batch_size: int | str, steps: int) -> None:
    _, events = run({**MOONS, "training": {"epochs": 1, "batch_size": batch_size}})
    assert finished(events).steps == steps


def test_the_training_loss_is_that_of_all_rows() -> None:
    """With a rate of almost zero all batches see the same weights: their combined loss is that of the part."""
    for loss in ("cross_entropy", "mse", "sum_squared_error"):
        _, events = run({**MOONS, "loss": loss, "optimizer": {"name": "sgd", "lr": 1e-300}, "training": {"epochs": 1}})
        (epoch,) = [event for event in events if isinstance(event, EpochEnded)]
        assert epoch.train_loss == pytest.approx(finished(events).final["train"].loss, rel=1e-5)


def test_every_epoch_has_an_order_of_its_own_and_sees_every_row() -> None:
    plan = built(MOONS).plan
    first, second = plan.order(0), plan.order(1)
    assert (first != second).any()
    assert sorted(first) == sorted(second) == list(range(350))


def test_early_stopping_keeps_the_best_weights() -> None:
    recipe = {
        "data": {"source": {"name": "moons", "rows": 60, "noise": 0.5}},
        "model": {"hidden": [64, 64]},
        "optimizer": {"lr": 0.01},
        "training": {"epochs": 500, "early_stopping": {"patience": 7}},
    }
    engine, events = run(recipe)
    losses = [event.validation.loss for event in events if isinstance(event, EpochEnded) and event.validation]
    last = finished(events)
    assert last.stopped is Stopped.EARLY
    assert last.kept == "best"
    assert last.best_epoch == int(np.argmin(losses)) + 1
    assert last.epochs == last.best_epoch + 7
    assert engine.score(engine.parts["validation"]).loss == pytest.approx(min(losses), rel=1e-6)
    assert last.best["validation"].loss < last.final["validation"].loss


def test_descent_stops_under_the_gradient_tolerance() -> None:
    training = {"epochs": 10_000, "batch_size": "full", "grad_tol": 1e-3, "dtype": "float64"}
    recipe = {
        "data": {"source": "line_table", "validation": 0, "test": 0, "standardize": False},
        "model": {"hidden": []},
        "optimizer": {"name": "sgd", "lr": 0.05},
        "training": training,
    }
    _, events = run(recipe)
    last = finished(events)
    norms = [event.gradient_norm or 0.0 for event in events if isinstance(event, EpochEnded)]
    assert last.stopped is Stopped.GRADIENT
    assert norms[-1] <= 1e-3 < norms[-2]


def test_the_cooling_rate_is_the_one_of_the_formula() -> None:
    schedule = {"name": "cooling", "eps": 0.5, "per": "epoch"}
    _, events = run({**MOONS, "optimizer": {"lr": 0.1}, "schedule": schedule})
    rates = [event.learning_rate for event in events if isinstance(event, EpochEnded)]
    assert rates == pytest.approx([0.1 / (1 + 0.5 * k) for k in range(12)])


def test_float32_and_float64_agree() -> None:
    """The same batches and almost the same weights: what one shows the other shows too."""
    scores = [
        finished(run({**MOONS, "training": {"epochs": 3, "dtype": dtype}})[1]).final for dtype in ("float32", "float64")
    ]
    assert scores[0]["train"].loss == pytest.approx(scores[1]["train"].loss, rel=1e-4)


def test_dead_units_are_those_that_are_zero_for_every_row_of_the_probe() -> None:
    model = {"hidden": [4], "bias_initializer": {"name": "constant", "value": -1e3}}
    _, events = run({**MOONS, "model": model, "training": {"epochs": 1}})
    assert [layer.dead for layer in finished(events).layers] == [1.0, None]
    model["bias_initializer"] = {"name": "constant", "value": 1e3}
    _, events = run({**MOONS, "model": model, "training": {"epochs": 1}})
    assert [layer.dead for layer in finished(events).layers] == [0.0, None]


def test_zeros_never_learn_more_than_the_output_bias() -> None:
    """H: all units of a layer stay equal, and with ReLU the weights stay zero altogether."""
    engine, _ = run({**MOONS, "model": {"hidden": [4], "initializer": "zeros"}})
    (W1, b1), (W2, b2) = engine.plan.network.views(engine.theta)
    assert not W1.any()
    assert not b1.any()
    assert not W2.any()
    assert b2.any()


DIVERGING = (
    "data: {source: diabetes, standardize_target: true}\nmodel: {hidden: [16]}\noptimizer: {name: sgd, lr: 1e3}\n"
)


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
    assert "layer " in diverged["where"] or diverged["where"] == "the loss"
    assert "smaller optimizer.lr" in diverged["advice"]
    assert f"at step {diverged['step']:,}" in ended.err
    assert diverged["where"] in ended.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert np.isfinite(Model.load(tmp_path / "run" / "model.safetensors").theta).all()
    assert len(lines(tmp_path / "run")) == summary["epochs"]


def test_divergence_names_the_first_layer_whose_numbers_are_not_finite() -> None:
    recipe = {
        "data": {"source": "diabetes", "standardize_target": True},
        "model": {"hidden": [8, 8]},
        "optimizer": {"name": "sgd", "lr": 1e30},
        "training": {"batch_size": "full", "dtype": "float32"},
    }
    engine, events = run(recipe)
    last = finished(events)
    assert last.diverged is not None
    assert last.diverged.step <= 3
    assert "layer" in last.diverged.where
    assert np.isfinite(engine.theta).all()


def start(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nntrain", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_has(recipe: Path, number: signal.Signals) -> None:
    process = start(
        "fit", str(recipe), "--out", "run", "--json", "--set", "training.epochs=10000000", cwd=recipe.parent
    )
    metrics = recipe.parent / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (metrics.exists() and metrics.stat().st_size > 1000):
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    summary = json.loads(out)
    assert summary["stopped"] == "interrupted"
    assert summary["epochs"] == len(lines(recipe.parent / "run")) > 0
    assert np.isfinite(Model.load(recipe.parent / "run" / "model.safetensors").theta).all()


@pytest.mark.parametrize("command", ["fit", "compare --optimizers sgd,adam", "gradcheck"])
def test_what_is_interrupted_while_it_compiles_ends_at_once(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    process = start(*command.split(), str(recipe), cwd=recipe.parent)
    assert process.stderr is not None
    assert "compiling" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "nntrain: interrupted\n")
    assert not list((tmp_path / "cache").rglob("*steps*.nbc"))  # which takes longest: nobody waited for it


@pytest.mark.parametrize("how", ["2>&1 | head -1", "2>/dev/full", "2>&-", "2>&- >&-"])
def test_nobody_has_to_read_the_progress(recipe: Path, how: str) -> None:
    command = f"{sys.executable} -m nntrain fit {recipe} --out run --set training.epochs=30 {how}"
    script = f"set -o pipefail; {command}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["bash", "-c", script], cwd=recipe.parent, env=environment, check=False, capture_output=True)
    assert ended.returncode == 0
    assert (recipe.parent / "run" / "model.safetensors").exists()


def test_an_encoding_without_the_letters_is_no_error() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([sys.executable, "-m", "nntrain", "list", "losses"], env=environment, capture_output=True)
    assert ended.returncode == 0
    assert b"\\u03a3" in ended.stdout  # the sum's sign


def test_a_run_is_overwritten_when_the_new_one_is_there(recipe: Path, nntrain: CommandLine) -> None:
    out = recipe.parent / "run"
    assert nntrain("fit", recipe, "--out", out, "-q").status == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "save", lambda *_: (_ for _ in ()).throw(bad_input("model", "cannot write: disk full")))
        assert nntrain("fit", recipe, "--out", out, "-q", "--overwrite", "--set", "seed=3").status == 2
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", lambda *_: (_ for _ in ()).throw(MemoryError()))
        assert nntrain("fit", recipe, "--out", recipe.parent / "new", "-q").status == 2
        assert not (recipe.parent / "new").exists()
    assert nntrain("fit", recipe, "--out", out, "-q", "--overwrite", "--set", "seed=3").status == 0
    assert {path.name for path in out.iterdir()} == set(before)
    assert (out / "model.safetensors").read_bytes() != before["model.safetensors"]


def test_a_closed_pipe_ends_quietly(recipe: Path) -> None:
    with start("fit", str(recipe), "--json", "-q", "--require", "test.accuracy>2", cwd=recipe.parent) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1  # the status of the work, not of the pipe
    assert err.count("\n") == 1
    assert "required test.accuracy>2" in err


def test_the_readme_names_all_keys_of_what_a_run_leaves(recipe: Path, nntrain: CommandLine) -> None:
    settings = ("--set", "regularization.clip_norm=1", "--set", "model.hidden=[]", "--set", "training.epochs=9")
    summary = nntrain("fit", recipe, "--out", "run", "--json", *settings).json
    readme = (ROOT / "README.md").read_text().splitlines()
    (of_metrics,) = (line for line in readme if line.startswith("| `metrics.jsonl`"))
    (of_summary,) = (line for line in readme if line.startswith("| `summary.json`"))
    assert {key for line in lines(Path("run")) for key in line if f"`{key}`" not in of_metrics} == set()
    assert {key for key in (*summary, *Stopped) if f"`{key}`" not in of_summary} == set()


def test_the_events_of_a_run_come_in_order() -> None:
    _, events = run({**MOONS, "training": {"epochs": 3}})
    assert isinstance(events[0], Started)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3]
    assert events[0].rows == {"train": 350, "validation": 75, "test": 75}
    assert events[0].probe_rows == 350


def test_line_finds_weight_3_and_bias_1(tmp_path: Path, nntrain: CommandLine) -> None:
    ended = nntrain("fit", shipped_recipes()["line"], "--out", tmp_path / "run", "--json", "-q")
    assert ended.json["stopped"] == "grad_tol"
    assert ended.json["train"]["r2"] == pytest.approx(1)
    weight, bias = Model.load(tmp_path / "run" / "model.safetensors").theta
    assert weight == pytest.approx(3, abs=1e-3)
    assert bias == pytest.approx(1, abs=1e-3)
