"""Checkpoint files as they may be damaged or written by a stranger: each is used or refused with one message."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from nntrain.artifacts import container
from nntrain.artifacts.checkpoint import CheckpointFiles, read, state_of
from nntrain.artifacts.run_files import CHECKPOINTS
from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import InputError
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.training.settings import Checkpoint
from tests.fuzz import places, replaced
from tests.helpers import ROOT, built

RECIPE = {
    "data": {"source": {"name": "moons", "rows": 24}, "validation": 0.2, "test": 0},
    "model": {"hidden": [3], "norm": "batch"},
    "schedule": {"name": "reduce_on_plateau", "patience": 0},
    "training": {"epochs": 3, "batch_size": 7},
}

VALUES: list[Any] = [None, True, "", "x", "inf", "nan", "\ud800", [], {}, [None], {"a": 1}]
VALUES += [-1, 0, 1, 2, 2**53, 2**60, 2**70, 0.5, -0.5, 1e308, -1e308]


def saved_by(engine: Engine, folder: Path) -> Path:
    run = cast("RunFolder", SimpleNamespace(sync_metrics=lambda: 0, files=folder))
    files = CheckpointFiles(Checkpoint(), run, {}, lambda: "", pytest.fail)
    calls = iter(range(100))
    list(train(engine, lambda: next(calls) >= 1, checkpoints=files))
    (path,) = [folder / name for name in CHECKPOINTS if (folder / name).exists()]
    return path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("nntrain.training.loop.CALL_SECONDS", 0.0)
    return Engine(built(RECIPE).plan)


def used_or_refused(engine: Engine, folder: Path) -> bool:
    """Return whether the checkpoint is used: its run then ends, whatever its numbers."""
    try:
        saved = read(folder, lambda text: None)
        assert saved is not None
        state = state_of(saved, engine)
    except InputError:
        return False
    assert state.epoch < 3
    with np.errstate(all="ignore"):
        assert list(train(engine, resumed=state))
    return True


def test_flipped_and_missing_bytes_are_noticed(engine: Engine, tmp_path: Path) -> None:
    path, draw = saved_by(engine, tmp_path), random.Random(0)  # noqa: S311
    content = path.read_bytes()
    assert used_or_refused(engine, tmp_path)
    for number in range(300):
        changed = bytearray(content)
        if number % 3:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        else:
            del changed[draw.randrange(len(changed)) :]
        path.write_bytes(changed)
        assert not used_or_refused(engine, tmp_path)


def test_changed_facts_with_a_right_checksum_are_used_or_refused(engine: Engine, tmp_path: Path) -> None:
    path = saved_by(engine, tmp_path)
    tensors, facts = container.read(path, container.CHECKPOINT)
    outcomes = set()
    for place in filter(None, places(facts)):
        for value in VALUES:
            changed: Any = replaced(facts, place, value)
            texts = {key: json.dumps(found) for key, found in changed.items()}
            container.write_texts(path, tensors, texts, container.CHECKPOINT)
            outcomes.add(used_or_refused(engine, tmp_path))
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", ["theta", "optimizer", "best", "losses"])
def test_changed_tensors_with_a_right_checksum_are_refused(engine: Engine, tmp_path: Path, name: str) -> None:
    path = saved_by(engine, tmp_path)
    tensors, facts = container.read(path, container.CHECKPOINT)
    values = tensors[name]
    longer = np.concatenate([values, values], axis=-1)
    for changed in (longer, values[..., :0], values.astype(np.int64), values.astype(np.float16), np.nan * values):
        container.write(path, {**tensors, name: changed}, facts, container.CHECKPOINT)
        assert not used_or_refused(engine, tmp_path)
    container.write(path, {**tensors, "more": values}, facts, container.CHECKPOINT)
    assert not used_or_refused(engine, tmp_path)


def test_mutations_of_model_and_checkpoint_files(tmp_path: Path) -> None:
    """In a process of its own: a crash of it is a fault too. ``python -m tests.fuzz_files`` tries ten thousand."""
    command = [sys.executable, "-m", "tests.fuzz_files", str(tmp_path), "300", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert "'used': " in ended.stdout
    assert "'refused': " in ended.stdout


def test_a_model_file_is_no_checkpoint(engine: Engine, tmp_path: Path) -> None:
    path = saved_by(engine, tmp_path)
    tensors, facts = container.read(path, container.CHECKPOINT)
    container.write(path, tensors, facts)
    with pytest.raises(InputError, match="not an nntrain checkpoint"):
        read(tmp_path, lambda text: None)
