"""The directory of a run, when processes are killed, disks are full and others write at the same time."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.history import read_history
from nntrain.artifacts.lock import FolderLock
from nntrain.artifacts.metrics_file import MetricsFile
from nntrain.artifacts.run_files import MODEL, NAMES, SUMMARY, UNFINISHED
from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import InputError, OutputError
from nntrain.training.events import EpochEnded
from nntrain.utils.files import TEMPORARY_SUFFIX, write_atomically
from tests.helpers import ROOT, CommandLine, run

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# Writes a run whose files hold its name, in a process that is killed before its n-th file operation, for each n.
KILLED_AT_EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from nntrain.artifacts.run_files import METRICS, MODEL, NAMES, STATES, SUMMARY, settle
from nntrain.artifacts.run_folder import RunFolder
from nntrain.utils.files import write_atomically

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod"}
folder, fresh = Path("run"), sys.argv[1] == "fresh"

def write(name, overwrite=True):
    with RunFolder(name, lambda _: name, folder, overwrite, print) as run:
        os.write(run._metrics._file.fileno(), name.encode())
        (run.files / STATES).mkdir(exist_ok=True)
        write_atomically(run.files / STATES / f"epoch-{len(name)}.safetensors", name.encode())
        run.finish(lambda path: write_atomically(path, name.encode()), lambda place: name)

def read():
    settle(folder)
    names = [*NAMES, *sorted(f"{STATES}/{name}" for name in os.listdir(folder / STATES))] if (
        folder / STATES).exists() else NAMES
    return [(folder / name).read_text().strip('"\\n') if (folder / name).exists() else None for name in names]

def killed_before(step):
    left = step
    def count(event, arguments):
        nonlocal left
        if event in STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        write("new", overwrite=not fresh)
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL

step, found = 1, set()
while True:
    shutil.rmtree(folder, ignore_errors=True)
    if not fresh:
        write("old")
    killed = killed_before(step)
    state = read() if folder.exists() else [None] * len(NAMES)
    if fresh and state[NAMES.index(SUMMARY)] is None:
        state = [None]
    assert len(set(state)) == 1, (step, state)
    found.add(state[0])
    write("latest")
    assert read() == ["latest"] * (len(NAMES) + 1), (step, read())
    left = {path.name for path in folder.iterdir()}
    assert left == {*NAMES, STATES}, (step, left)
    if not killed:
        break
    step += 1
assert state == ["new"] * (len(NAMES) + 1), state
assert found == {None if fresh else "old", "new"}, found
print(step)
"""


@pytest.mark.parametrize("kind", ["fresh", "replaced"])
def test_a_process_can_be_killed_at_any_step(tmp_path: Path, kind: str) -> None:
    """What is read next is one whole run, the old or the new one; and the next run leaves nothing of either."""
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, kind],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 20


@pytest.fixture
def told() -> list[str]:
    """What is said of files that could not be written."""
    return []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that does not exist yet, in the current one."""
    monkeypatch.chdir(tmp_path)
    return Path("run")


@pytest.fixture
def epoch() -> EpochEnded:
    """An epoch of a small run."""
    events = run({"data": {"source": "moons"}, "model": {"hidden": [8]}, "training": {"epochs": 1}})[1]
    return next(event for event in events if isinstance(event, EpochEnded))


def save(path: Path) -> None:
    write_atomically(path, b"weights")


def summary(place: Path | None) -> Mapping[str, Any]:
    return {"model": str(place)}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_directory_in_use_is_refused(folder: Path, told: list[str]) -> None:
    with RunFolder("a", lambda _: "recipe", folder, False, told.append) as first:
        with pytest.raises(InputError, match=rf"run: is in use by process {os.getpid()} on ") as refused:
            RunFolder("b", lambda _: "other", folder, True, told.append).__enter__()
        assert "wait for it to finish, or choose another directory" in str(refused.value)
        first.finish(save, summary)
    assert files(folder).keys() == set(NAMES)
    assert (folder / "recipe.yaml").read_text() == "recipe"
    with RunFolder("c", lambda _: "recipe", folder, True, told.append):
        pass  # nothing holds it any more


def test_a_lock_is_taken_from_a_process_that_was_killed(folder: Path) -> None:
    code = "import os, sys; from pathlib import Path; from nntrain.artifacts.lock import FolderLock\n"
    code += "FolderLock(Path('run')).__enter__(); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT).returncode == -signal.SIGKILL
    assert (folder / ".lock").exists()
    with FolderLock(folder) as lock:
        assert lock.held
    assert not (folder / ".lock").exists()


def test_what_a_killed_process_has_half_written_is_removed(folder: Path, told: list[str]) -> None:
    folder.mkdir()
    abandoned, own = folder / f".{MODEL}.abcdefgh{TEMPORARY_SUFFIX}", folder / f".{MODEL}.bak"
    abandoned.write_text("half")
    own.write_text("the user's")
    with RunFolder("a", lambda _: "recipe", folder, False, told.append) as writing:
        writing.finish(save, summary)
    assert files(folder).keys() == {*NAMES, own.name}


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync
    within: list[list[Path]] = []

    def write_another(handle: int) -> None:
        if not within:
            within.append(list(tmp_path.iterdir()))
            write_atomically(tmp_path / "page.html", b"two")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", write_another)
    write_atomically(tmp_path / "page.html", b"one")
    assert len(within[0]) == 1
    assert files(tmp_path) == {"page.html": b"one"}  # the last to be renamed


@pytest.mark.parametrize("seconds", [0.0, 1.0])  # written at the end, and at once
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_metrics_that_cannot_be_written_are_told_once(epoch: EpochEnded, told: list[str], seconds: float) -> None:
    metrics = MetricsFile(Path("/dev/full"), told.append)
    for _ in range(3):
        metrics(epoch._replace(seconds=seconds))
    metrics.sync()
    metrics.close()
    assert told == ["/dev/full: cannot write: No space left on device; training continues without metrics"]
    assert not metrics.complete


def limited(command: list[str], **limits: int) -> "subprocess.CompletedProcess[str]":
    def limit() -> None:
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))

    return subprocess.run(
        [sys.executable, "-m", "nntrain", *command], env=ENVIRONMENT, preexec_fn=limit, capture_output=True, text=True
    )


def test_a_disk_that_is_full_costs_metrics_and_no_training(moons: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", moons, "--out", "whole", "-q").status == 0  # compiled
    ended = limited(["fit", str(moons), "--out", "run", "--json", "--set", "training.epochs=200"], FSIZE=20 << 10)
    assert ended.returncode == 4
    assert ended.stderr.count("nntrain: ") == 1
    assert "nntrain: run/metrics.jsonl: cannot write: File too large; training continues" in ended.stderr
    found = json.loads(ended.stdout)
    assert found["epochs"] == 200
    assert files(Path("run")).keys() == set(NAMES)
    text = Path("run/metrics.jsonl").read_text()
    assert text.endswith("}\n")
    lines = text.splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    assert nntrain("evaluate", "run/model.safetensors", "--json").json["test"] == found["test"]
    assert f"has {len(lines)} epochs, but the summary has 200" in nntrain("report", "run").err


def test_a_model_that_fits_nowhere_is_told_and_the_result_printed(moons: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", moons, "--out", "whole", "-q").status == 0  # compiled
    ended = limited(["fit", str(moons), "--out", "run", "-q", "--json", "--set", "model.hidden=[64]"], FSIZE=1 << 11)
    assert ended.returncode == 4
    assert "run/model.safetensors: cannot write: File too large" in ended.stderr
    assert "nntrain: could not save the model anywhere" in ended.stderr
    found = json.loads(ended.stdout)
    assert found["model"] is None
    assert found["epochs"] == 4


def test_a_model_that_does_not_fit_is_saved_elsewhere(folder: Path, told: list[str], epoch: EpochEnded) -> None:
    def save_outside(path: Path) -> None:
        if path.parent.name == folder.name:
            raise OutputError
        save(path)

    with RunFolder("a", lambda _: "recipe", folder, False, told.append) as writing:
        writing(epoch)
        place = writing.finish(save_outside, summary)
    assert place is not None
    assert place.read_bytes() == b"weights"
    assert place.name == f"run-{os.getpid()}.safetensors"
    assert told[-1] == f"saved the model as {place}"
    assert not writing.saved
    assert files(folder).keys() == {"recipe.yaml", "metrics.jsonl"}  # a run that has not ended


@pytest.mark.parametrize("fails", [save, None])
def test_a_run_that_cannot_be_completed_does_not_replace_one(
    folder: Path, told: list[str], epoch: EpochEnded, fails: Callable[[Path], None] | None
) -> None:
    with RunFolder("a", lambda _: "old", folder, False, told.append) as writing:
        writing.finish(save, summary)
    before = files(folder)

    def fail(path: Path) -> None:
        raise OutputError if path.name == MODEL else MemoryError

    def no_summary(place: Path | None) -> Mapping[str, Any]:
        raise OutputError

    with RunFolder("b", lambda _: "new", folder, True, told.append) as writing:
        writing(epoch)
        place = writing.finish(fails or save, no_summary if fails else summary)
    if fails:
        assert place is not None
        assert place.parent == Path()
        assert files(folder) == before
    with pytest.raises(MemoryError), RunFolder("c", lambda _: "new", folder, True, told.append):
        raise MemoryError
    assert UNFINISHED not in files(folder)


def test_a_directory_that_was_removed_meanwhile_is_made_again(folder: Path, told: list[str], epoch: EpochEnded) -> None:
    with RunFolder("a", lambda _: "recipe", folder, False, told.append) as writing:
        writing(epoch)
        shutil.rmtree(folder)
        writing(epoch)
        place = writing.finish(save, summary)
    assert place == folder / MODEL
    assert files(folder).keys() == set(NAMES)
    assert (folder / "metrics.jsonl").read_text().count("\n") == 2
    assert told == ["run: was removed during the run; created it again"]
    assert writing.saved


def test_a_directory_that_is_another_ones_now_is_left_alone(folder: Path, told: list[str]) -> None:
    with RunFolder("a", lambda _: "recipe", folder, False, told.append) as writing:
        shutil.rmtree(folder)
        with RunFolder("b", lambda _: "other", folder, False, told.append) as other:
            other.finish(save, summary)
        place = writing.finish(save, summary)
    assert (folder / "recipe.yaml").read_text() == "other"
    assert place is not None
    assert place.parent != folder


def test_a_run_half_replaced_is_completed_by_whoever_reads_it(moons: Path, nntrain: CommandLine) -> None:
    for name, epochs in (("one", 3), ("two", 5)):
        nntrain("fit", moons, "--out", name, "-q", "--set", f"training.epochs={epochs}")
    Path("two").rename(Path("one") / UNFINISHED)
    (Path("one") / UNFINISHED / "recipe.yaml").replace("one/recipe.yaml")
    assert read_history(Path("one")).summary["epochs"] == 5
    assert files(Path("one")).keys() == set(NAMES)


def test_fits_at_the_same_time_leave_whole_runs(moons: Path, nntrain: CommandLine) -> None:
    """Into one directory one of them writes; without --out each gets a directory of its own."""
    assert nntrain("fit", moons, "-q").status == 0  # compiled

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "nntrain", "fit", str(moons), "-q", "--json", *arguments]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    shared = [start("--out", "run", "--set", f"seed={seed}") for seed in range(3)]
    own = [start("--set", "training.epochs=1") for _ in range(3)]
    runs = {json.loads(process.communicate()[0])["run"] for process in own}
    assert len(runs) == 3
    ended = [(process.communicate(), process.returncode) for process in shared]
    (winner,) = [json.loads(out) for (out, _), status in ended if status == 0]
    assert all("run: is in use by" in err or "holds a run" in err for (_, err), status in ended if status)
    assert [status for _, status in ended].count(2) == 2
    assert json.loads(Path("run", SUMMARY).read_text()) == winner
    assert files(Path("run")).keys() == set(NAMES)
