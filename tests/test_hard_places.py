"""Runs where the disk, the directory, the clock or the language of the system are not as usual."""

import ctypes
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.lock import FolderLock
from nntrain.artifacts.run_files import CHECKPOINTS, NAMES
from tests.helpers import ROOT, CommandLine, refused
from tests.interrupted import FIT, interrupt
from tests.kills import same

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # of Linux's prctl and capabilities
TOO_SMALL = 20_000  # bytes: enough for metrics, summary and model of a short run, but not for a checkpoint


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(FIT)
    return tmp_path


def command(
    *arguments: object,
    limit: int | None = None,
    plain_root: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Any:
    """Run a command in a process with a limit on the size of files, without root's power, or in another environment."""

    def prepare() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        if plain_root and os.getuid() == 0:  # which may then write only where the permissions allow it
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)

    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})}
    line = [sys.executable, "-m", "nntrain", *map(str, arguments)]
    return subprocess.run(line, env=environment, preexec_fn=prepare, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_disk_too_full_for_checkpoints_costs_only_these(here: Path, nntrain: CommandLine) -> None:
    settings = [f"--set={key}" for key in ("training.epochs=4", "training.checkpoint={epochs: 1, keep_every: 2}")]
    settings += ["--set=model={hidden: [600]}", "--set=schedule=constant"]
    assert nntrain("fit", "r.yaml", "--out", "whole", "-q", *settings).status == 0
    ended = command("fit", "r.yaml", "--out", "run", "-q", *settings, limit=TOO_SMALL)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("\n") == 1
    assert (
        "cannot write: File too large; training continues without new checkpoints until this succeeds" in ended.stderr
    )
    assert {path.name for path in Path("run").iterdir()} == {*NAMES, "states"}
    assert list(Path("run/states").iterdir()) == []
    assert same(Path("run"), Path("whole"))


def test_a_checkpoint_survives_where_no_new_one_can_be_written(
    here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nntrain("fit", "r.yaml", "--out", "unbroken", "-q").status == 0
    interrupt(nntrain, monkeypatch, "run", 20)
    before = contents(Path("run"))
    ended = command("fit", "--resume", "run", "-q", limit=1000)  # not even the recipe can be written
    assert ended.returncode == 4
    assert "cannot write" in ended.stderr
    assert "File too large" in ended.stderr
    assert contents(Path("run")) == before
    assert nntrain("fit", "--resume", "run", "-q").status == 0
    assert same(Path("run"), Path("unbroken"))


@pytest.mark.skipif(sys.platform != "linux", reason="root can give up its power only on Linux")
def test_a_directory_that_became_read_only(here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(nntrain, monkeypatch, "run", 5)
    before = contents(Path("run"))
    Path("run").chmod(0o555)
    try:
        for arguments in (("fit", "--resume", "run"), ("fit", "r.yaml", "--out", "run", "--overwrite")):
            ended = command(*arguments, "-q", plain_root=True)
            assert ended.returncode == 2
            assert ended.stderr.startswith("nntrain: run: cannot write into this directory: Permission denied")
    finally:
        Path("run").chmod(0o755)
    assert contents(Path("run")) == before


@pytest.mark.parametrize("name", ["a run/Läufe 実行", "'quoted' $HOME;*"])
def test_a_directory_with_another_name(here: Path, nntrain: CommandLine, name: str) -> None:
    keep = ("--set", "training.checkpoint={keep: true}")
    assert nntrain("fit", "r.yaml", "--out", name, "-q", *keep, "--set", "training.epochs=3").status == 0
    assert nntrain("fit", "--resume", name, "-q", "--set", "training.epochs=5").status == 0
    branch, other = f"{name} 2", ("--set", "optimizer.lr=0.1")
    assert nntrain("branch", name, "--at", 4, *other, "--out", branch, "-q").status == 0
    assert nntrain("verify", branch, "-q").status == 0
    listed = {run["run"]: run["origin"] for run in nntrain("runs", ".", "--json").json}
    assert listed[branch]["run"] == name
    hint = nntrain("branch", branch, "--at", 2, *other).err.splitlines()[1]
    assert hint.endswith(f"the run that it continues: {shlex.quote(name)}")


def test_clock_locale_and_time_zone_do_not_matter(
    here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nntrain("fit", "r.yaml", "--out", "unbroken", "-q").status == 0
    interrupt(nntrain, monkeypatch, "run", 20)
    shutil.copytree("run", "elsewhere")
    abroad = {"LC_ALL": "C", "LANG": "tr_TR", "TZ": "Asia/Kathmandu", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = command("fit", "--resume", "elsewhere", "-q", variables=abroad)
    assert ended.returncode == 0, ended.stderr
    assert same(Path("elsewhere"), Path("unbroken"))
    with monkeypatch.context() as patch:  # an hour back
        now = time.time
        patch.setattr(time, "time", lambda: now() - 3600)
        assert nntrain("fit", "--resume", "run", "-q").status == 0
    assert same(Path("run"), Path("unbroken"))
    assert json.loads(Path("run/summary.json").read_text())["seconds"] > 0
    assert not any(Path("run", name).exists() for name in CHECKPOINTS)


def test_a_second_run_in_a_directory_is_refused(
    here: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(nntrain, monkeypatch, "run", 5)
    before = contents(Path("run"))
    with FolderLock(Path("run")):
        for arguments in (("fit", "--resume", "run"), ("fit", "r.yaml", "--out", "run", "--overwrite")):
            message = refused(nntrain, *arguments, "-q")
            assert message.startswith(f"nntrain: run: is in use by process {os.getpid()} on ")
    assert contents(Path("run")) == before
