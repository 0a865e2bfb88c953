"""Signals, pipes and closed streams: how a command ends when nobody reads it, or when it is told to end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from tests.helpers import ROOT


def start(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nntrain", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_has(moons: Path, number: signal.Signals) -> None:
    process = start("fit", str(moons), "--out", "run", "--json", "--set", "training.epochs=10000000", cwd=moons.parent)
    metrics = moons.parent / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (metrics.exists() and metrics.stat().st_size > 1000):
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    summary = json.loads(out)
    assert summary["stopped"] == "interrupted"
    assert summary["epochs"] == len(metrics.read_text().splitlines()) > 0
    assert np.isfinite(Model.load(moons.parent / "run" / "model.safetensors").theta).all()


@pytest.mark.parametrize("command", ["fit", "compare --optimizers sgd,adam", "gradcheck"])
def test_what_is_interrupted_while_it_compiles_ends_at_once(
    moons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    process = start(*command.split(), str(moons), cwd=moons.parent)
    assert process.stderr is not None
    assert "compiling" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "nntrain: interrupted\n")
    assert not list((tmp_path / "cache").rglob("*steps*.nbc"))  # which takes longest: nobody waited for it


@pytest.mark.parametrize("how", ["2>&1 | head -1", "2>/dev/full", "2>&-", "2>&- >&-"])
def test_nobody_has_to_read_the_progress(moons: Path, how: str) -> None:
    command = f"{sys.executable} -m nntrain fit {moons} --out run --set training.epochs=30 {how}"
    script = f"set -o pipefail; {command}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["bash", "-c", script], cwd=moons.parent, env=environment, check=False, capture_output=True)
    assert ended.returncode == 0
    assert (moons.parent / "run" / "model.safetensors").exists()


def test_an_encoding_without_the_letters_is_no_error() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([sys.executable, "-m", "nntrain", "list", "losses"], env=environment, capture_output=True)
    assert ended.returncode == 0
    assert b"\\u03a3" in ended.stdout  # the sum's sign


def test_a_closed_pipe_ends_quietly(moons: Path) -> None:
    with start("fit", str(moons), "--json", "-q", "--require", "test.accuracy>2", cwd=moons.parent) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1  # the status of the work, not of the pipe
    assert err.count("\n") == 1
    assert "required test.accuracy>2" in err
