"""The ledger of ``nntrain compare``: what is kept of finished runs, however processes end and whatever files hold."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from nntrain.comparison.ledger import Ledger, with_checksum, without_checksum
from nntrain.comparison.run_result import RunResult
from nntrain.errors import InputError
from nntrain.training.events import Scores, Stopped
from tests.helpers import ROOT, CommandLine, lines_of

ARGUMENTS = ("--optimizers", "sgd,adam", "--seeds", 3, "--out", "c", "-q", "--json")


def row(key: str = "k") -> RunResult:
    point = np.array([[1, 5, 0.1, 0.5, 0.4, 0.9]])
    return RunResult(key, Stopped.EPOCHS, 1, 5, 0.1, {"train": Scores(0.5, None)}, point, point, 0.4)


def test_a_changed_digit_is_found(nntrain: CommandLine, moons: Path) -> None:
    nntrain("compare", moons, *ARGUMENTS)
    path = Path("c/runs.jsonl")
    whole = path.read_bytes()
    first = json.loads(whole.splitlines()[0])["scores"]["test"]["loss"]
    changed = str(first).replace("0.", "0.9", 1).encode()
    path.write_bytes(whole.replace(str(first).encode(), changed, 1))
    ended = nntrain("compare", moons, *ARGUMENTS)
    assert ended.status == 2
    assert "c/runs.jsonl:1: not a valid run: it does not match its checksum" in ended.err
    assert path.read_bytes() != whole  # it is left as it is


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"experiment": "mine"}', "it has no checksum"),
        (b"[1, 2]", "it has no checksum"),
        (b"", "it has no checksum"),
        (b"[" * 100_000, "it has no checksum"),
        (with_checksum(b'{"key": "a"}')[:-1], "stopped: Field required"),
        (with_checksum(b'{"key": "a", "steps": 1e999}')[:-1], "Field required"),
        (with_checksum(b"{" + b"[" * 100_000)[:-1], "Invalid JSON"),
        (with_checksum(b"[1, 2}")[:-1], "Invalid JSON"),
        (with_checksum(b"\xff\xfe}")[:-1], "Invalid JSON"),
        (with_checksum(row().to_json().replace(b'"epochs",', b'"x",'))[:-1], "stopped: Input should be"),
        (with_checksum(row().to_json().replace(b'"steps":5', b'"steps":-5'))[:-1], "steps: Input should be greater"),
        (with_checksum(row().to_json().replace(b'"steps":5', b'"steps":' + b"9" * 400))[:-1], "steps"),
        (with_checksum(row().to_json().replace(b'"train"', b'"lost"'))[:-1], "scores.lost"),
    ],
)
def test_a_foreign_line_is_refused_and_never_deleted(
    nntrain: CommandLine, moons: Path, line: bytes, words: str
) -> None:
    Path("c").mkdir()
    Path("c/runs.jsonl").write_bytes(with_checksum(row().to_json()) + line + b"\n")
    before = Path("c/runs.jsonl").read_bytes()
    ended = nntrain("compare", moons, *ARGUMENTS)
    assert ended.status == 2
    assert "c/runs.jsonl:2: not a valid run: " in ended.err
    assert words in ended.err
    assert len(ended.err) < 400
    assert Path("c/runs.jsonl").read_bytes() == before


def test_whatever_a_ledger_holds_it_is_read_or_refused(tmp_path: Path) -> None:
    """Fuzzed: bytes that change, vanish or come twice, below and above the checksum."""
    chance, path = np.random.default_rng(0), tmp_path / "runs.jsonl"
    whole = b"".join(with_checksum(row(key).to_json()) for key in "abc")
    refused = 0
    for turn in range(3000):
        content = bytearray(whole)
        for _ in range(chance.integers(1, 4)):
            at, length = int(chance.integers(len(content))), (1, 1, 1, 5, 300)[chance.integers(5)]
            changes = (b"", chance.bytes(1), content[at : at + length] * 2, b"\n", b"null", b"[" * 3)
            content[at : at + length] = changes[chance.integers(len(changes))]
        if turn % 2:  # as somebody would who knows how checksums are written
            lines = [line for line in content.split(b"\n") if line]
            content = bytearray(
                b"".join(with_checksum(bytes(line.rpartition(b',"checksum"')[0] + b"}")) for line in lines)
            )
        path.write_bytes(content)
        try:
            with Ledger(path) as ledger:
                for found in ledger.rows.values():
                    assert RunResult.from_json(found.to_json()).scores == found.scores
                if not turn % 2:
                    assert {found.area for found in ledger.rows.values()} <= {0.4}
        except InputError:
            refused += 1
    assert refused > 1000


def test_a_foreign_line_without_an_end_is_not_deleted_either(nntrain: CommandLine, moons: Path) -> None:
    Path("c").mkdir()
    Path("c/runs.jsonl").write_text("notes of mine")
    assert "c/runs.jsonl:1: not a valid run" in nntrain("compare", moons, *ARGUMENTS).err
    assert Path("c/runs.jsonl").read_text() == "notes of mine"


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_line_that_was_cut_off_is_told_and_made_again(nntrain: CommandLine, moons: Path, cut: int) -> None:
    whole = nntrain("compare", moons, *ARGUMENTS).json
    path = Path("c/runs.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    again = nntrain("compare", moons, *ARGUMENTS[:-2], "--json")
    assert "c/runs.jsonl: the last line is truncated" in again.err
    assert len(lines_of("c")) == 6
    for one, other in zip(whole["variants"], again.json["variants"], strict=True):
        assert one["default"]["scores"] == other["default"]["scores"]


def test_lines_are_sealed_by_sha256() -> None:
    line = with_checksum(b'{"key": "a"}')
    assert line == b'{"key": "a","checksum":"' + sha256(b'{"key": "a"').hexdigest()[:16].encode() + b'"}\n'
    assert json.loads(line)["key"] == "a"
    assert without_checksum(line[:-1]) == b'{"key": "a"}'


def test_what_is_not_a_file_is_refused(nntrain: CommandLine, moons: Path) -> None:
    Path("c").mkdir()
    os.mkfifo("c/runs.jsonl")
    assert "c/runs.jsonl: is not a regular file" in nntrain("compare", moons, *ARGUMENTS).err
    Path("c/runs.jsonl").unlink()
    Path("c/runs.jsonl").mkdir()
    assert "c/runs.jsonl: cannot write: Is a directory" in nntrain("compare", moons, *ARGUMENTS).err


@contextmanager
def started(folder: Path, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """A comparison in a process of its own."""
    command = [sys.executable, "-m", "nntrain", "compare", "moons.yaml", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_two_processes_make_each_run_once(moons: Path) -> None:
    arguments = (moons.parent, "--optimizers", "sgd,adam", "--seeds", 10, "--out", "c", "--json")
    with started(*arguments) as one, started(*arguments) as other:
        results = [json.loads(process.communicate(timeout=300)[0])["variants"] for process in (one, other)]
        assert (one.returncode, other.returncode) == (0, 0)
    lines = lines_of(moons.parent / "c")
    made = sorted((line["variant"], line["seed"]) for line in lines)
    assert made == [(name, seed) for name in ("adam", "sgd") for seed in range(1, 11)]
    assert results[0] == results[1]


def test_who_waits_is_told_and_can_be_interrupted(moons: Path) -> None:
    folder = moons.parent / "c"
    folder.mkdir()
    with (
        Ledger(folder / "runs.jsonl"),
        started(moons.parent, "--optimizers", "sgd,adam", "--seeds", 6, "--out", "c") as process,
    ):
        assert process.stderr is not None
        assert process.stderr.readline() == "waiting for another process, which is running a comparison in c\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)])
def test_a_killed_comparison_is_resumed(nntrain: CommandLine, moons: Path, how: signal.Signals) -> None:
    settings = ("--set", "training.epochs=300", "--optimizers", "sgd,adam", "--seeds", 30, "--out", "c", "--json")
    path, until = Path("c/runs.jsonl"), monotonic() + 200
    with started(moons.parent, *settings) as process:
        while monotonic() < until and (not path.exists() or path.stat().st_size == 0):
            sleep(0.01)
        process.send_signal(how)
        process.communicate(timeout=60)
    some = path.read_bytes()
    assert some
    ended = nntrain("compare", moons, *settings, "-q")
    assert ended.status == 0
    assert path.read_bytes().startswith(some[: some.rindex(b"\n") + 1])
    lines = lines_of("c")
    assert len(lines) == len({line["key"] for line in lines}) == 60


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """The file may grow by one line and a half."""
    code = (
        "import resource, sys; from pathlib import Path; from tests.test_ledger import row; "
        "from nntrain.comparison.ledger import Ledger, with_checksum; "
        "size = len(with_checksum(row().to_json())); import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size * 3 // 2, size * 3 // 2)); "
        "ledger = Ledger(Path(sys.argv[1])).__enter__(); ledger.add(row('a')); ledger.add(row('b'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "runs.jsonl")]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert "cannot write: File too large" in ended.stderr
    assert "run the same command again to resume" in ended.stderr
    with Ledger(tmp_path / "runs.jsonl") as ledger:
        assert list(ledger.rows) == ["a"]
