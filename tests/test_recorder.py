"""The flight recorder: reports on runs that go wrong, and steps that are taken again."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.training.engine import Engine
from nntrain.training.events import Crash, Diverged, LayerRecord, StepRecord
from nntrain.training.loop import train
from nntrain.training.recorder import first_jump, record_step
from tests.helpers import CommandLine, built, refused
from tests.interrupted import VARIANTS, recipe, timeless

SOURCE = {"source": {"name": "moons", "rows": 60}, "validation": 0.2, "test": 0}


def wild(lr: float, epochs: int = 20) -> Any:
    """A run of plain gradient descent on a squared error; with a learning rate of 2 its weights grow at every step."""
    training = {"epochs": epochs, "batch_size": 8, "statistics_every": 3}
    model = {"hidden": [], "output": "identity"}
    return built(
        {"data": SOURCE, "model": model, "loss": "mse", "optimizer": {"name": "sgd", "lr": lr}, "training": training}
    ).plan


def steps_alone(plan: Any) -> list[StepRecord]:
    """Take every step of a run, one by one, up to the first that is not finite."""
    engine, found = Engine(plan), []
    for number in count():
        epoch, k = divmod(number, plan.steps_per_epoch)
        batch = plan.order(epoch)[k * plan.batch_rows : (k + 1) * plan.batch_rows]
        rate = float(plan.learning_rates(epoch * plan.steps_per_epoch, epoch, 1)[0, k])
        found.append(record_step(engine, batch, number, rate, epoch + 1))
        if found[-1].not_finite is not None:
            return found
        assert number < 1000
    raise AssertionError


@pytest.mark.parametrize("seconds", [0.0, 0.05])  # of a call: one step, and many epochs
def test_the_steps_before_a_crash_are_those_of_the_run(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("nntrain.training.loop.CALL_SECONDS", seconds)
    monkeypatch.setattr("nntrain.training.epoch_chunks.CHUNK_SECONDS", seconds)
    plan = wild(2.0)
    alone = steps_alone(plan)
    assert len(alone) > 40
    events = list(train(Engine(plan), record=True))
    rise, end = (event for event in events if isinstance(event, Crash))
    (diverged,) = (event for event in events if isinstance(event, Diverged))
    assert (end.what, end.step, end.where) == ("numbers are not finite", diverged.step, diverged.where)
    assert repr(end.steps) == repr(tuple(alone[-len(end.steps) :]))  # repr: NaN is not equal to itself
    assert end.steps[-1].not_finite == diverged.where
    last = rise.steps[-1].step
    assert rise.what == "the loss rose a thousandfold"
    assert rise.steps == tuple(alone[last - len(rise.steps) : last])
    baseline = Engine(plan).baseline["train"]
    limit = 1000 * max(alone[0].loss, baseline.loss)
    assert next(step.step for step in alone if step.loss > limit) == last
    assert len(rise.steps) == len(end.steps) == (10 if seconds else 2)  # of this call and the one before


@pytest.mark.parametrize("variant", [None, *VARIANTS])
def test_recording_changes_nothing(variant: str | None) -> None:
    plan = wild(2.0) if variant is None else built(recipe("adam", VARIANTS[variant])).plan
    runs = []
    for record in (False, True):
        engine = Engine(plan)
        events = list(train(engine, record=record))
        runs.append((engine.theta.tobytes(), engine.state.tobytes(), timeless(events)))
        assert any(isinstance(event, Crash) for event in events) == (record and variant is None)
    assert runs[0] == runs[1]


def layer(label: str, weights: float, activation: float, gradient: float | None) -> LayerRecord:
    return LayerRecord(label, weights, activation, gradient, 1.0)


def step(number: int, *layers: LayerRecord) -> StepRecord:
    return StepRecord(1, number, (1,), 0.1, 1.0, 1.0, layers, None)


def test_the_first_quantity_that_jumps_is_named() -> None:
    calm = (layer("1 dense", 1, 1, 1), layer("2 dense", 1, 1, 1))
    jumped = (layer("1 dense", 1, 1, 11), layer("2 dense", 1, 1, 12))
    worse = (layer("1 dense", 99, 99, 99), layer("2 dense", 99, 99, 99))
    assert first_jump((step(5, *calm), step(6, *jumped), step(7, *worse))) == (
        6,
        "the gradient of layer 2 (dense) grew 12-fold",
    )
    assert first_jump((step(5, *calm), step(6, *calm))) == (6, "the training loss")
    assert first_jump((step(5, *worse),)) == (5, "the training loss")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nntrain: CommandLine) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(
        "data: {source: {name: moons, rows: 60}}\nmodel: {hidden: [4], norm: batch, dropout: 0.2}\n"
        "training: {epochs: 6, batch_size: 8, checkpoint: {keep_every: 2}}\n"
        "schedule: {name: reduce_on_plateau, patience: 0, threshold: 0.9}\nregularization: {clip_norm: 0.1}\n"
    )
    assert nntrain("fit", "r.yaml", "--out", "run", "-q").status == 0
    return Path("run")


def test_a_step_is_replayed_to_the_bit(run: Path, nntrain: CommandLine) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    count = lines[0]["step"]
    for epoch in (1, 3, 6):
        found = nntrain("replay", run, "--at", epoch * count, "--json").json
        assert found["gradient_norm"] == pytest.approx(lines[epoch - 1]["gradient_norm"], rel=1e-6)
        assert found["learning_rate"] == lines[epoch - 1]["learning_rate"]
        assert (found["epoch"], found["step"]) == (epoch, epoch * count)
    first = nntrain("replay", run, "--at", 1, "--json").json
    assert len(set(first["rows"])) == len(first["rows"]) == 8
    assert np.hypot.reduce([one["gradient"] for one in first["layers"]]) == pytest.approx(first["gradient_norm"])


def test_a_replay_that_differs_is_refused(run: Path, nntrain: CommandLine) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    changed = json.dumps(json.loads(lines[2]) | {"train_loss": 0.25})
    (run / "metrics.jsonl").write_text("\n".join([*lines[:2], changed, *lines[3:], ""]))
    at = 3 * json.loads(lines[0])["step"] - 1
    assert "cannot be repeated: training again gives another loss in epoch 3" in refused(
        nntrain, "replay", run, "--at", at, "-q"
    )


def test_a_crash_is_reported_and_replayed(run: Path, nntrain: CommandLine) -> None:
    changes = ["optimizer={name: sgd, lr: 1e4}", "loss=mse", "model={hidden: [4], activation: identity}"]
    settings = [part for change in [*changes, "regularization={}", "schedule=constant"] for part in ("--set", change)]
    ended = nntrain("fit", "r.yaml", "--out", "crashed", "-q", *settings)
    assert ended.status == 3
    reports = json.loads(Path("crashed/states/crash.json").read_text())
    assert [report["what"] for report in reports] == ["the loss rose a thousandfold", "numbers are not finite"]
    for report in reports:
        at = report["step"]
        assert f"{report['what']}, first at step {at}: {report['where']}; see crashed/states/crash.json" in ended.err
        assert f"nntrain replay crashed --at {at}\n" in ended.err
        replayed = nntrain("replay", "crashed", "--at", at, "--json").json
        assert replayed == next(step for step in report["steps"] if step["step"] == at)
    summary = json.loads(Path("crashed/summary.json").read_text())
    assert reports[1]["step"] == summary["diverged"]["step"]
    assert f"not finite: {reports[1]['where']}" in nntrain("replay", "crashed", "--at", reports[1]["step"]).out


def test_what_cannot_be_replayed(run: Path, nntrain: CommandLine) -> None:
    assert "--at: found 99, but the run has 36 steps\n  use 1 to 36" in refused(nntrain, "replay", run, "--at", "99")
    assert "nowhere: is not a run directory" in refused(nntrain, "replay", "nowhere", "--at", "1")
    settings = ("--set", "optimizer=lbfgs", "--set", "training={batch_size: full, epochs: 2}")
    plain = ("--set", "model={hidden: [2]}", "--set", "schedule=constant", "--set", "regularization={}")
    assert nntrain("fit", "r.yaml", "--out", "lbfgs", "-q", *settings, *plain).status == 0
    assert "lbfgs takes no steps" in refused(nntrain, "replay", "lbfgs", "--at", "1")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_replayed_step_fits_the_terminal(run: Path, terminal: Any, columns: int) -> None:
    shown = terminal(columns, "replay", run, "--at", 9, "-q")
    assert "step 9: 3 of 6 in epoch 2" in shown
    assert "1 dense 2→4" in shown
