"""A run that is interrupted and continues ends with the same bytes as one that is not."""

import json
import os
from collections.abc import Callable
from itertools import count
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nntrain.artifacts import container
from nntrain.artifacts.checkpoint import CheckpointFiles, read, state_of
from nntrain.artifacts.run_files import CHECKPOINTS, NAMES
from nntrain.artifacts.run_folder import RunFolder
from nntrain.network.inference import ForwardPass
from nntrain.training.engine import Engine
from nntrain.training.events import Event, Finished, Stopped
from nntrain.training.loop import train
from nntrain.training.settings import Checkpoint
from nntrain.training.state import TrainingState
from tests.helpers import CommandLine, built, refused
from tests.interrupted import FIT, FULL_BATCH, STEPPING, VARIANTS, interrupt, recipe, timeless, variants_of
from tests.kills import RECIPE, RESUME, kill, same


def interrupted_and_resumed(plan: Any, after: int, folder: Path) -> tuple[bytes, list[Event]] | None:
    """Train, interrupted after so many calls, and continue from the file; None if the run was over before."""
    calls = count(1)
    run = cast("RunFolder", SimpleNamespace(sync_metrics=lambda: 0, files=folder))
    files = CheckpointFiles(Checkpoint(), run, {}, lambda: "", pytest.fail)
    engine = Engine(plan)
    events = list(train(engine, lambda: next(calls) >= after, checkpoints=files))
    last = events[-1]
    assert isinstance(last, Finished)
    if last.stopped is not Stopped.INTERRUPTED:
        return None
    saved = read(folder, pytest.fail)
    assert saved is not None
    other = Engine(plan)
    again = list(train(other, resumed=state_of(saved, other)))
    return other.theta.tobytes(), timeless(events)[:-1] + timeless(again)


def every_step_cases() -> list[Any]:
    """Return each optimizer with each variant, of which the suite runs one variant per optimizer in turn."""
    cases = []
    for number, optimizer in enumerate(STEPPING):
        variants = variants_of(optimizer)
        for index, variant in enumerate(variants):
            marks = () if number % len(variants) == index else pytest.mark.exhaustive
            cases.append(pytest.param(optimizer, variant, marks=marks))
    return cases


@pytest.mark.parametrize(("optimizer", "variant"), every_step_cases())
def test_interrupted_at_every_step(
    optimizer: str, variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntrain.training.loop.CALL_SECONDS", 0.0)  # one step per call
    monkeypatch.setattr("nntrain.training.epoch_chunks.CHUNK_SECONDS", 0.0)
    plan = built(recipe(optimizer, VARIANTS[variant])).plan
    unbroken = Engine(plan)
    expected = timeless(list(train(unbroken)))
    resumed = 0
    for after in count(1):
        found = interrupted_and_resumed(plan, after, tmp_path)
        if found is None:
            break
        assert found == (unbroken.theta.tobytes(), expected)
        resumed += 1
    last = expected[-1]
    assert isinstance(last, Finished)
    assert resumed == last.steps - 1 > 0  # at every step but the last


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_searches_are_repeated_up_to_the_interruption(optimizer: str, tmp_path: Path) -> None:
    changes = {"model": {"hidden": []}, "training": {"epochs": 64}}
    named = {"name": optimizer, **({"points": 2} if optimizer == "exhaustive" else {})}
    plan = built({**recipe(optimizer, changes), "optimizer": named}).plan
    unbroken = Engine(plan)
    expected = timeless(list(train(unbroken)))
    for after in (1, 2, 3, 7):
        assert interrupted_and_resumed(plan, after, tmp_path) == (unbroken.theta.tobytes(), expected)


def test_interrupted_between_chunks_of_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = built(recipe("adam", {"training": {"epochs": 60, "statistics_every": 7}})).plan
    unbroken = Engine(plan)
    expected = timeless(list(train(unbroken)))
    for after in (1, 2, 3):
        assert interrupted_and_resumed(plan, after, tmp_path) == (unbroken.theta.tobytes(), expected)


def test_states_are_saved_after_so_many_epochs() -> None:
    plan = built(recipe("sgd", {"training": {"epochs": 20}})).plan
    found = []

    class Every:
        def epochs_ahead(self, epoch: int) -> int | None:
            return 6 - epoch % 6

        def due(self, epoch: int, complete: bool, stopped: Stopped | None) -> bool:
            return complete and epoch % 6 == 0

        def save(self, state: TrainingState) -> None:
            found.append(state.epoch)

    list(train(Engine(plan), checkpoints=Every()))
    assert found == [6, 12, 18]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nntrain: CommandLine) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(FIT)
    assert nntrain("fit", "r.yaml", "--out", "unbroken", "-q").status == 0
    return tmp_path


@pytest.fixture
def interrupted(here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that a signal has ended after some epochs."""
    interrupt(nntrain, monkeypatch, "run", 20)
    return Path("run")


def test_a_run_continues(interrupted: Path, nntrain: CommandLine) -> None:
    assert {path.name for path in interrupted.iterdir()} > {*NAMES}
    assert json.loads((interrupted / "summary.json").read_text())["epochs"] == 20
    ended = nntrain("fit", "--resume", interrupted)
    assert ended.status == 0
    assert "continuing after epoch 20\n" in ended.err
    assert same(interrupted, Path("unbroken"))
    assert {path.name for path in interrupted.iterdir()} == {*NAMES}
    assert "has finished: there is nothing left of its 60 epochs" in refused(nntrain, "fit", "--resume", interrupted)


def test_the_same_command_continues(interrupted: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", "r.yaml", "--out", "run", "-q", "--resume", "run").status == 0
    assert same(interrupted, Path("unbroken"))


def test_a_changed_recipe_is_shown_and_refused(interrupted: Path, nntrain: CommandLine) -> None:
    changed = ("fit", "--resume", interrupted, "-q", "--set", "optimizer.lr=0.5")
    before = {path.name: path.read_bytes() for path in interrupted.iterdir()}
    message = refused(nntrain, *changed)
    assert "the recipe has changed: optimizer.lr: 0.001 -> 0.5\n" in message
    assert "add --allow-change to continue with the changed recipe" in message
    assert {path.name: path.read_bytes() for path in interrupted.iterdir()} == before
    assert nntrain(*changed, "--allow-change").status == 0
    assert not same(interrupted, Path("unbroken"))


def test_another_network_is_refused_without_a_loss(interrupted: Path, nntrain: CommandLine) -> None:
    before = {path.name: path.read_bytes() for path in interrupted.iterdir()}
    message = refused(nntrain, "fit", "--resume", interrupted, "--allow-change", "--set", "model.hidden=[9]")
    assert "not a valid checkpoint: tensor 'theta' has shape" in message
    assert {path.name: path.read_bytes() for path in interrupted.iterdir()} == before


def test_changed_data_are_noticed(here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{i % 7},{i % 5},{i % 2}" for i in range(60)]
    Path("d.csv").write_text("\n".join(["a,b,t", *rows, ""]))
    Path("r.yaml").write_text(FIT.replace("{name: moons, rows: 300}", "{name: csv, path: d.csv, target: t}"))
    interrupt(nntrain, monkeypatch, "run", 5)
    Path("d.csv").write_text("\n".join(["a,b,t", *rows, "9,9,1", ""]))
    assert "the recipe has changed: data.source.sha256" in refused(nntrain, "fit", "r.yaml", "--resume", "run")


def test_more_epochs_are_always_allowed(here: Path, nntrain: CommandLine) -> None:
    options = ("--set", "schedule=constant")
    assert nntrain("fit", "r.yaml", "--out", "long", "-q", *options, "--set", "training.epochs=90").status == 0
    assert nntrain("fit", "r.yaml", "--out", "run", "-q", *options).status == 0
    ended = nntrain("fit", "--resume", "run", "--set", "training.epochs=90")
    assert "the run has no checkpoint: training starts again, with the same result" in ended.err
    assert same(Path("run"), Path("long"))
    keep = ("--set", "training.checkpoint.keep=true")
    assert nntrain("fit", "r.yaml", "--out", "kept", "-q", *options, *keep).status == 0
    assert any(Path("kept", name).exists() for name in CHECKPOINTS)
    ended = nntrain("fit", "--resume", "kept", "--set", "training.epochs=90")
    assert "continuing after epoch 60" in ended.err
    assert len(Path("kept", "metrics.jsonl").read_text().splitlines()) == 90


def test_the_older_checkpoint_is_used_if_the_newer_is_damaged(interrupted: Path, nntrain: CommandLine) -> None:
    files = [interrupted / name for name in CHECKPOINTS]
    newer = max(files, key=lambda file: container.read(file, container.CHECKPOINT)[1]["generation"])
    content = bytearray(newer.read_bytes())
    content[-3] ^= 1
    newer.write_bytes(content)
    ended = nntrain("fit", "--resume", interrupted)
    assert ended.status == 0
    assert f"{newer}: the checkpoint file was altered: its checksum does not match its content; continuing" in ended.err
    assert same(interrupted, Path("unbroken"))


def test_damaged_checkpoints_are_refused(interrupted: Path, nntrain: CommandLine) -> None:
    for name in CHECKPOINTS:
        (interrupted / name).write_bytes(b"no checkpoint")
    assert "not a checkpoint file, or a truncated one" in refused(nntrain, "fit", "--resume", interrupted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: facts.update(epoch=100), "has 100 of 60 epochs already"),
        (lambda facts: facts.update(step=7), "step 7 is not in epoch"),
        (lambda facts: facts.update(epoch=-1), "epoch: Input should be greater than or equal to 0"),
        (lambda facts: facts.update(epoch=[]), "epoch: Input should be a valid integer"),
        (lambda facts: facts["best"].update(loss={}), "best.loss: Input should be a valid number"),
        (lambda facts: facts.pop("growth"), "growth: Field required"),
        (lambda facts: facts.update(metrics=3), "is damaged"),
        (
            lambda facts: facts.update(plateau={"best": 1.0, "waited": 0, "factor": 1.0}),
            "its schedule does not match",
        ),
    ],
)
def test_a_checkpoint_with_a_right_checksum_and_wrong_content(
    interrupted: Path, nntrain: CommandLine, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    for name in CHECKPOINTS:
        path = interrupted / name
        if path.exists():
            tensors, facts = container.read(path, container.CHECKPOINT)
            change(facts)
            container.write(path, tensors, facts, container.CHECKPOINT)
    assert message in refused(nntrain, "fit", "--resume", interrupted)


def test_a_validation_loss_that_is_not_a_number_is_the_same_after_an_interruption(
    here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, several = ForwardPass.loss, ForwardPass.losses

    def loss(self: ForwardPass, theta: Any, x: Any, *arguments: Any, **options: Any) -> Any:
        output, found = one(self, theta, x, *arguments, **options)
        return output, found if len(x) > 100 else nan

    def losses(self: ForwardPass, thetas: Any, x: Any, *arguments: Any, **options: Any) -> Any:
        outputs, found = several(self, thetas, x, *arguments, **options)
        return outputs, found if len(x) > 100 else [nan] * len(found)

    monkeypatch.setattr(ForwardPass, "loss", loss)
    monkeypatch.setattr(ForwardPass, "losses", losses)
    assert nntrain("fit", "r.yaml", "--out", "unbroken", "--overwrite", "-q").status == 0
    assert json.loads(Path("unbroken/metrics.jsonl").read_text().splitlines()[0])["validation_loss"] is None
    interrupt(nntrain, monkeypatch, "run", 20)
    assert nntrain("fit", "--resume", "run", "-q").status == 0
    assert same(Path("run"), Path("unbroken"))


def test_what_cannot_be_resumed(here: Path, nntrain: CommandLine) -> None:
    Path("empty").mkdir()
    assert "is not a run directory: it has no recipe.yaml" in refused(nntrain, "fit", "--resume", "empty")
    assert list(Path("empty").iterdir()) == []
    message = refused(nntrain, "fit", "--resume", "unbroken", "--out", "elsewhere")
    assert "--out: must name the same directory as --resume" in message
    assert "--allow-change: needs --resume RUN" in refused(nntrain, "fit", "r.yaml", "--allow-change")
    assert "is missing" in refused(nntrain, "fit")


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_random_moments_a_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nntrain: CommandLine
) -> None:
    """Eight times; ``python -m tests.kills`` does it a thousand times. It saves its state after every epoch."""
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(RECIPE)
    assert nntrain("fit", "r.yaml", "--out", "unbroken", "-q").status == 0
    assert kill(8, seed=0) > 0
    assert nntrain("fit", "r.yaml", "--out", "run", *RESUME, "-q").status == 0
    assert same(Path("run"), Path("unbroken"))
    assert {path.name for path in Path("run").iterdir()} == {*NAMES}
