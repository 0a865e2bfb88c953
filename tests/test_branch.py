"""Branches, and runs that do not start from the initial weights of their recipe."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts import container
from nntrain.artifacts.kept_states import START, start_file
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event
from nntrain.training.loop import train
from nntrain.training.repeat import state_after
from tests.helpers import CommandLine, built, refused
from tests.interrupted import VARIANTS, interrupt, recipe, timeless
from tests.kills import same

FIT = "data: {source: {name: moons, rows: 100}}\nmodel: {hidden: [6], norm: batch, dropout: 0.2}\n" + (
    "training: {epochs: 12, batch_size: 8, checkpoint: {keep_every: 4}}\n"
)
CHANGED = ("--set", "optimizer.lr=0.05", "--set", "training.epochs=15")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nntrain: CommandLine) -> Path:
    """A run of 12 epochs with the states after 4, 8 and 12."""
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(FIT)
    assert nntrain("fit", "r.yaml", "--out", "run", "-q").status == 0
    return Path("run")


def states(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder, "states").iterdir())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_state_after_an_epoch_is_that_of_the_run(variant: str) -> None:
    plan = built(recipe("adam", VARIANTS[variant])).plan
    unbroken = Engine(plan)
    expected = timeless(list(train(unbroken)))
    first = state_after(Engine(plan), 1, None)
    assert first is not None
    other = Engine(plan)
    assert timeless(list(train(other, resumed=deepcopy(first)))) == expected[1:]
    assert other.theta.tobytes() == unbroken.theta.tobytes()
    for start in (None, first) if len(expected) > 3 else ():
        engine = Engine(plan)
        seen: list[Event] = []
        state = state_after(engine, 2, start, seen.append)
        assert state is not None
        assert [event.epoch for event in seen if isinstance(event, EpochEnded)] == list(range(2 - (not start), 3))
        other = Engine(plan)
        assert timeless(list(train(other, resumed=state))) == expected[2:]
        assert other.theta.tobytes() == unbroken.theta.tobytes()


@pytest.mark.parametrize("at", [8, 9])  # a state that was kept, and one that is not
def test_a_branch_is_a_continued_run(run: Path, nntrain: CommandLine, at: int) -> None:
    ended = nntrain("branch", run, "--at", at, *CHANGED, "--out", "branch")
    assert ended.status == 0
    again = f"no state was kept after epoch {at}: training again from the state after epoch 8"
    assert (again in ended.err) == (at == 9)
    short = ("--set", f"training.epochs={at}", "--set", "training.checkpoint={keep_every: 4, keep: true}")
    assert nntrain("fit", "r.yaml", "--out", "resumed", "-q", *short).status == 0
    longer = (*CHANGED, "--set", "training.checkpoint={keep_every: 4}")
    assert nntrain("fit", "--resume", "resumed", "--allow-change", "-q", *longer).status == 0
    assert Path("branch/model.safetensors").read_bytes() != Path("run/model.safetensors").read_bytes()
    origins = [json.loads(Path(name, "summary.json").read_text()).pop("origin") for name in ("branch", "resumed")]
    for name in ("branch", "resumed"):
        summary = json.loads(Path(name, "summary.json").read_text())
        Path(name, "summary.json").write_text(json.dumps({**summary, "origin": None}))
    assert same(Path("branch"), Path("resumed"))
    assert origins[0] == {
        "kind": "branch",
        "run": "run",
        "epoch": at,
        "changes": [
            {"key": "optimizer.lr", "before": 0.001, "after": 0.05},
            {"key": "training.epochs", "before": 12, "after": 15},
        ],
    }
    assert (origins[1]["kind"], origins[1]["epoch"]) == ("change", at)
    assert states("branch") == ["epoch-12.safetensors", START]


def test_a_branch_is_listed_compared_verified_and_made_longer(run: Path, nntrain: CommandLine) -> None:
    assert nntrain("branch", run, "--at", 4, *CHANGED, "--out", "more/branch", "-q").status == 0
    assert "origin: more/branch: branch of run after epoch 4\n" in nntrain("diff", run, "more/branch").out
    parting = nntrain("diff", run, "more/branch", "--json").json
    assert (parting["parting"]["epoch"], parting["parting"]["key"]) == (5, "learning_rate")
    assert parting["origins"]["more/branch"]["epoch"] == 4
    assert "branch of run after epoch 4" in nntrain("runs", "more").out
    assert "more/branch,r,epochs,branch of run after epoch 4,15" in nntrain("runs", "more", "--csv").out
    verified = nntrain("verify", "more/branch", "-q")
    assert verified.out == "identical: 15 epochs and all weights are the same to the bit from epoch 5 on\n"
    longer = nntrain("fit", "--resume", "more/branch", "--set", "training.epochs=20")
    assert "continuing after epoch 4\n" in longer.err
    assert nntrain("verify", "more/branch", "-q").status == 0
    assert nntrain("branch", "more/branch", "--at", 9, "--set", "optimizer.lr=0.2", "--out", "second", "-q").status == 0
    message = refused(nntrain, "branch", "more/branch", "--at", 3, *CHANGED, "--out", "third")
    assert "is a branch from epoch 5 on, and cannot be repeated before that\n" in message
    assert message.endswith("the run that it continues: run\n")


REFUSED = [
    (("run", "--at", "13", *CHANGED), "--at: found 13, but the run has 12 complete epochs\n  use 1 to 12"),
    (("run", "--at", "4"), "branch: --set is missing"),
    (("run", "--at", "12", "--set", "optimizer.lr=1"), "training.epochs is 12: no epoch is left\n  add --set"),
    (("run", "--at", "4", "--set", "model.hidden=[7]"), "--set: changes the layers, so the state after epoch 4"),
    (("run", "--at", "4", "--set", "optimizer=sgd"), "--set: changes the optimizer or what it remembers"),
    (("run", "--at", "4", "--set", "training.batch_size=9"), "--set: changes the number of steps in an epoch"),
    (("run", "--at", "4", "--set", "training.dtype=float64"), "--set: changes training.dtype"),
    (("run", "--at", "4", "--set", "optimizer.rate=1"), "unknown key"),
    (("run", "--at", "4", *CHANGED, "--out", "run"), "run: is not an empty directory"),
    (("nowhere", "--at", "4", *CHANGED), "nowhere: is not a run directory"),
]


def test_what_cannot_be_branched(run: Path, nntrain: CommandLine) -> None:
    before = sorted(Path().rglob("*"))
    for arguments, message in REFUSED:
        assert message in refused(nntrain, "branch", *arguments)
        assert sorted(Path().rglob("*")) == before


def test_a_run_that_does_not_repeat_is_not_branched(run: Path, nntrain: CommandLine) -> None:
    lines = Path("run/metrics.jsonl").read_text().splitlines()
    lines[4] = json.dumps(json.loads(lines[4]) | {"train_loss": 0.25})
    Path("run/metrics.jsonl").write_text("\n".join([*lines, ""]))
    message = refused(nntrain, "branch", "run", "--at", "6", *CHANGED, "--out", "branch")
    assert "run: cannot be repeated: training again gives another loss in epoch 5" in message
    assert not Path("branch").exists()


def test_a_damaged_state_is_passed_over(run: Path, nntrain: CommandLine) -> None:
    Path("run/states/epoch-8.safetensors").write_bytes(b"no state")
    ended = nntrain("branch", "run", "--at", "8", *CHANGED, "--out", "branch")
    assert "run/states/epoch-8.safetensors: not a checkpoint file, or a truncated one; it is not used\n" in ended.err
    assert "training again from the state at the start" in ended.err
    assert ended.status == 0


def start_with(change: Callable[[dict[str, Any]], object]) -> None:
    tensors, facts = container.read(start_file(Path("branch")), container.CHECKPOINT)
    change(facts)
    container.write(start_file(Path("branch")), tensors, facts, container.CHECKPOINT)


WRONG: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda facts: facts.update(origin=None), "not a valid checkpoint: origin: Field required"),
    (lambda facts: facts["origin"].update(kind="magic"), "origin.kind: Input should be"),
    (lambda facts: facts.update(metrics=3), "is damaged"),
    (lambda facts: facts.update(epoch=30), "has 30 of 1"),
    (lambda facts: facts.update(step=31), "step 31 is not in epoch 5"),
]


def test_a_start_state_with_a_right_checksum_and_wrong_content(run: Path, nntrain: CommandLine) -> None:
    assert nntrain("branch", run, "--at", 4, *CHANGED, "--out", "branch", "-q").status == 0
    content = start_file(Path("branch")).read_bytes()
    for change, message in WRONG:
        start_file(Path("branch")).write_bytes(content)
        start_with(change)
        assert message in refused(nntrain, "verify", "branch", "-q")
        assert message in refused(nntrain, "fit", "--resume", "branch", "--set", "training.epochs=17")


def test_a_run_from_a_model_is_repeated_from_its_weights(run: Path, nntrain: CommandLine) -> None:
    for name, optimizer in (("adam", "adam"), ("lbfgs", "lbfgs")):
        changes = ("--set", f"optimizer={optimizer}", "--set", "training={epochs: 8, batch_size: full}")
        plain = ("--set", "model.norm=null", "--set", "model.dropout=0.0")
        assert nntrain("fit", "r.yaml", "--out", f"first-{name}", "-q", *plain).status == 0
        arguments = ("fit", "r.yaml", "-q", *changes, *plain, "--from", f"first-{name}")
        assert nntrain(*arguments, "--out", f"whole-{name}").status == 0
        assert json.loads(Path(f"whole-{name}/summary.json").read_text())["origin"]["kind"] == "weights"
        assert nntrain("verify", f"whole-{name}", "-q").status == 0
        shutil.copytree(f"whole-{name}", f"killed-{name}")  # as if killed before its first checkpoint
        for file in ("summary.json", "model.safetensors"):
            Path(f"killed-{name}", file).unlink()
        assert nntrain("fit", "--resume", f"killed-{name}", "-q").status == 0
        assert same(Path(f"killed-{name}"), Path(f"whole-{name}"))


def test_an_interrupted_search_from_a_model_continues_from_its_weights(
    run: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = "data: {source: {name: moons, rows: 100}}\nmodel: {hidden: [6]}\noptimizer: lbfgs\ntraining: {epochs: 9}\n"
    assert nntrain("fit", "r.yaml", "--out", "first", "-q", "--set", "model={hidden: [6]}").status == 0
    Path("r.yaml").write_text(recipe)
    assert nntrain("fit", "r.yaml", "--out", "whole", "-q", "--from", "first").status == 0
    interrupt(nntrain, monkeypatch, "broken", 4, "--from", "first")
    assert nntrain("fit", "--resume", "broken", "-q").status == 0
    assert same(Path("broken"), Path("whole"))


def test_a_longer_schedule_is_a_change(run: Path, nntrain: CommandLine) -> None:
    keep = ("-q", "--set", "training.checkpoint={keep: true}")
    assert nntrain("fit", "r.yaml", "--out", "constant", *keep).status == 0
    assert nntrain("fit", "r.yaml", "--out", "cosine", *keep, "--set", "schedule=cosine").status == 0
    for name, start in (("constant", False), ("cosine", True)):
        assert nntrain("fit", "--resume", name, "-q", "--set", "training.epochs=14").status == 0
        assert start_file(Path(name)).exists() == start
        assert nntrain("verify", name, "-q").status == 0
    message = refused(nntrain, "branch", "cosine", "--at", 3, "--set", "optimizer.lr=0.1")
    assert "has another recipe from epoch 13 on, and cannot be repeated" in message


def test_a_new_run_keeps_no_states_of_the_old_one(run: Path, nntrain: CommandLine) -> None:
    assert states("run") == [f"epoch-{epoch}.safetensors" for epoch in (12, 4, 8)]
    short = ("--set", "training.epochs=5")
    assert nntrain("fit", "r.yaml", "--out", "run", "--overwrite", "-q", *short).status == 0
    assert states("run") == ["epoch-4.safetensors"]
    none = ("--set", "training.checkpoint=null")
    assert nntrain("fit", "r.yaml", "--out", "run", "--overwrite", "-q", *none).status == 0
    assert not Path("run/states").exists()
