"""Signals, pipes and closed streams: how a command ends when nobody reads it, or when it is told to end."""

import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.cli import predict, result
from nntrain.cli.streams import write_all
from tests.helpers import ROOT, CommandLine


def start(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nntrain", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def training(metrics: Path) -> None:
    """Wait until a run writes its metrics."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not (metrics.exists() and metrics.stat().st_size > 1000):
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "status", "times"),
    [(signal.SIGINT, 130, 1), (signal.SIGTERM, 143, 1), (signal.SIGHUP, 129, 1), (signal.SIGINT, 130, 20)],
)
def test_an_interrupted_run_keeps_what_it_has(moons: Path, number: signal.Signals, status: int, times: int) -> None:
    process = start("fit", str(moons), "--out", "run", "--json", "--set", "training.epochs=10000000", cwd=moons.parent)
    metrics = moons.parent / "run" / "metrics.jsonl"
    training(metrics)
    until = time.monotonic() + 0.3  # a signal half a second after the first one would end it at once
    for _ in range(times):
        if time.monotonic() < until:
            process.send_signal(number)
            time.sleep(0.002)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
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


def test_a_signal_that_nohup_ignores_is_ignored(moons: Path) -> None:
    command = f"trap '' HUP; exec {sys.executable} -m nntrain fit {moons} --out run -q --set training.epochs=30000"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        ["bash", "-c", command], cwd=moons.parent, env=environment, stdout=subprocess.PIPE
    ) as process:
        training(moons.parent / "run" / "metrics.jsonl")
        process.send_signal(signal.SIGHUP)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("cp1252", "latin-1"))]
)
def test_results_are_utf8_whatever_the_encoding(tmp_path: Path, nntrain: CommandLine, encoding: str) -> None:
    names = ["Łódź", "中"]
    (tmp_path / "d.csv").write_text("a,t\n" + "".join(f"{i},{names[i % 2]}\n" for i in range(40)), encoding="utf-8")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: {name: csv, path: d.csv, target: t}}\ntraining: {epochs: 1}\n")
    assert nntrain("fit", recipe, "--out", tmp_path / "run", "-q").status == 0

    def out(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-m", "nntrain", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True).stdout.decode()

    assert set(out("predict", "run/model.safetensors", "d.csv").split()) <= {"t", *names}
    assert json.loads(out("show", "r.yaml", "--json", "--set", "name=Łódź"))["recipe"]["name"] == "Łódź"
    assert "Σ" in out("list", "losses")


def test_predictions_come_in_blocks_and_are_the_same(
    moons: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    model = Model.load(Path("run/model.safetensors"))
    names = ",".join(model.feature_names)
    rows = [f"{i / 7},{-i / 3}" for i in range(25)]
    table = "\n".join([names, *rows])
    command = ("predict", "run/model.safetensors", "--proba")
    whole = nntrain(*command, stdin=table)
    monkeypatch.setattr(predict, "BLOCK_OUTPUTS", 7)  # three rows
    assert nntrain(*command, stdin=table) == whole
    assert whole.out.count("\n") == 26
    rows[13] = "1.5e38,1.5e38"
    ended = nntrain(*command, stdin="\n".join([names, *rows]))
    assert ended.status == 2
    assert ended.out.splitlines() == whole.out.splitlines()[:13]
    assert "nntrain: only the first 12 predictions were printed\n" in ended.err
    assert "row 14: the model's output for it is not finite" in ended.err
    rows[13] = "1e39,1"
    assert nntrain(*command, stdin="\n".join([names, *rows])).out == ""  # seen before anything is printed


def test_no_block_is_predicted_that_nobody_reads(
    moons: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    names = ",".join(Model.load(Path("run/model.safetensors")).feature_names)
    printed: list[str] = []
    monkeypatch.setattr(predict, "BLOCK_OUTPUTS", 7)

    def print_text(text: str) -> bool:
        printed.append(text)
        return False

    monkeypatch.setattr(result, "print_text", print_text)
    assert nntrain("predict", "run/model.safetensors", stdin=f"{names}\n" + "0.5,0.25\n" * 100).status == 0
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("command", "settings", "status"),
    [
        ("fit", ["data.source={name: given, x: [[1e300], [2e300], [-1e300]], o: [1, 2, 3]}"], 2),
        ("diagnose", ["model.initializer={name: normal, scale: 1e30}"], 0),
        ("fit", ["model.initializer={name: normal, scale: 1e30}"], 3),
    ],
)
def test_numbers_that_overflow_are_no_warning(
    moons: Path, nntrain: CommandLine, command: str, settings: list[str], status: int
) -> None:
    """Neither in this thread nor in others: the results tell."""
    options = [word for setting in settings for word in ("--set", setting)]
    ended = nntrain(command, moons, *options)
    assert ended.status == status
    assert "Warning" not in ended.err


class OneByOne(io.RawIOBase):
    """A raw stream that takes three bytes at a time, and none at every other call, as a pipe that does not block."""

    def __init__(self) -> None:
        self.taken, self._calls = b"", 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        self._calls += 1
        if self._calls % 2:
            return None
        self.taken += bytes(data[:3])
        return min(3, len(data))


def test_a_stream_that_takes_a_part_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an unbuffered one does of more than 2 GiB."""
    raw = OneByOne()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(cast(BinaryIO, raw), encoding="utf-8", write_through=True))
    monkeypatch.setattr(select, "select", lambda *streams: streams)
    assert write_all("0.25,Łódź\n" * 10)
    assert raw.taken.decode() == "0.25,Łódź\n" * 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_behind_standard_output_is_told(moons: Path) -> None:
    command = f"{sys.executable} -m nntrain fit {moons} --out run -q --json > /dev/full"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["bash", "-c", command], cwd=moons.parent, env=environment, capture_output=True, text=True)
    assert ended.returncode == 4
    assert ended.stderr == "nntrain: standard output: cannot write: No space left on device\n"
    assert (moons.parent / "run" / "summary.json").exists()


@pytest.mark.parametrize(
    "command", ["fit -", "predict run/model.safetensors", "evaluate run/model.safetensors --data -"]
)
def test_standard_input_that_is_closed_is_told(moons: Path, nntrain: CommandLine, command: str) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m nntrain {command} <&-"], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("nntrain: standard input: is closed, expected a ")


def test_a_closed_pipe_ends_quietly(moons: Path) -> None:
    with start("fit", str(moons), "--json", "-q", "--require", "test.accuracy>2", cwd=moons.parent) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1  # the status of the work, not of the pipe
    assert err.count("\n") == 1
    assert "required test.accuracy>2" in err
