"""Runs on a Dask cluster: a scheduler and two worker processes on loopback, one of which is killed."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from nntrain.comparison import cluster
from nntrain.comparison.cluster import Cluster
from nntrain.comparison.executors import Threads
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.variants import axis, variants_of
from nntrain.network import crew
from tests.helpers import CommandLine

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's own
RECIPE = "data: {source: {name: moons, rows: 300}}\nmodel: {hidden: [16, 16]}\ntraining: {epochs: 60}\n"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The scheduler and two workers, of one thread each."""
    (tmp_path / "r.yaml").write_text(RECIPE)
    file = tmp_path / "scheduler.json"
    dask = (sys.executable, "-m", "dask")
    environment = {**os.environ, "DASK_LOGGING__DISTRIBUTED": "critical"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = (*dask, *arguments, "--scheduler-file", str(file), "--no-dashboard")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, **quiet)  # type: ignore[call-overload,no-any-return]

    found = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
    worker = ("worker", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
    found += [start(*worker), start(*worker)]
    yield found
    for process in found:
        process.kill()
        process.wait()


def address(folder: Path) -> str:
    """Return the scheduler's, when it is there."""
    until = monotonic() + 60
    while monotonic() < until:
        try:
            return str(json.loads((folder / "scheduler.json").read_text())["address"])
        except (OSError, ValueError):
            sleep(0.1)
    raise AssertionError("the scheduler did not start")


def test_a_lost_workers_runs_are_made_again_and_rows_are_those_of_threads(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    axes = [axis("--optimizers", "optimizer", "sgd,adam")]
    variants = Variants(variants_of([str(tmp_path / "r.yaml")], [], axes))
    jobs = [Job.of(variants, v, "default", seed) for seed in range(1, 41) for v in (0, 1)]
    local = {job.key: row for job, row in Threads().run(variants, jobs)}
    cluster = Cluster(address(tmp_path))
    cluster._client.wait_for_workers(2, timeout=60)
    found: dict[str, Any] = {}
    for job, row in cluster.run(variants, jobs):
        found[job.key] = row
        if len(found) == 10:
            processes[1].send_signal(signal.SIGKILL)
    assert len(cluster._client.nthreads()) == 1  # the other one is gone
    cluster.close()
    assert found.keys() == local.keys()
    for key, row in found.items():
        assert row.scores == local[key].scores
        assert row.steps == local[key].steps
        assert (row.curve[:, 2:] == local[key].curve[:, 2:]).all()  # all but the seconds


def test_the_command(tmp_path: Path, processes: list[subprocess.Popen[bytes]], nntrain: CommandLine) -> None:
    arguments = ("compare", tmp_path / "r.yaml", "--optimizers", "sgd,adam", "--seeds", 3, "--json", "-q")
    here = nntrain(*arguments, "--out", tmp_path / "here").json
    there = nntrain(*arguments, "--out", tmp_path / "there", "--dask", address(tmp_path)).json
    for one, other in zip(here["variants"], there["variants"], strict=True):
        assert (one["name"], one["default"]["scores"]) == (other["name"], other["default"]["scores"])


def test_no_scheduler(tmp_path: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.comparison.cluster.SECONDS", 1)
    monkeypatch.chdir(tmp_path)
    ended = nntrain("compare", "--optimizers", "sgd,adam", "--dask", "tcp://127.0.0.1:9")
    assert ended.status == 2
    assert "--dask: no scheduler answers at tcp://127.0.0.1:9" in ended.err
    assert not Path("runs").exists()


def test_a_worker_stays_on_one_thread() -> None:
    try:
        cluster._one_thread_from_now_on()
        gc.collect()
        assert crew._side_by_side
    finally:
        cluster._LIMITS.close()
        cluster._one_thread_from_now_on.cache_clear()
    assert not crew._side_by_side
