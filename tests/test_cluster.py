"""Runs on a Dask cluster: a scheduler and two worker processes on loopback, one of which is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from nntrain.comparison import cluster, jobs
from nntrain.comparison.cluster import Cluster
from nntrain.comparison.executors import Threads
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.variants import axis, variants_of
from nntrain.errors import InputError
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
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
    variants, jobs = many(tmp_path)
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
        assert (row.curve[:, 3:] == local[key].curve[:, 3:]).all()  # all but the seconds


def test_the_command(tmp_path: Path, processes: list[subprocess.Popen[bytes]], nntrain: CommandLine) -> None:
    arguments = ("compare", tmp_path / "r.yaml", "--optimizers", "sgd,adam", "--seeds", 3, "--json", "-q")
    here = nntrain(*arguments, "--out", tmp_path / "here").json
    there = nntrain(*arguments, "--out", tmp_path / "there", "--dask", address(tmp_path)).json
    for one, other in zip(here["variants"], there["variants"], strict=True):
        assert (one["name"], one["default"]["scores"]) == (other["name"], other["default"]["scores"])


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:9", "no scheduler answers at tcp://127.0.0.1:9"),
        ("http://127.0.0.1:8786", "found 'http://127.0.0.1:8786': unknown address scheme 'http'"),
        ("10.0.0.1", "found '10.0.0.1': missing port number"),
        ("tcp://127.0.0.1:port", "found 'tcp://127.0.0.1:port': invalid literal"),
        ("", "found '': missing port number"),
    ],
)
def test_no_scheduler(
    nntrain: CommandLine, moons: Path, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.setattr("nntrain.comparison.cluster.TIMEOUT", 1)
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam", "--dask", address)
    assert ended.status == 2
    assert f"--dask: {words}" in ended.err
    assert len(ended.err.splitlines()) == 2
    assert not Path("runs").exists()


@pytest.mark.parametrize(("answer", "words"), [(b"", "timed out"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a")])
def test_something_else_answers(monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str) -> None:
    """A black hole, and a server of another protocol."""
    monkeypatch.setattr(cluster, "TIMEOUT", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = Event()

        def serve() -> None:
            server.settimeout(0.1)
            connections = []
            while not stop.is_set():
                with suppress(TimeoutError):
                    connections.append(server.accept()[0])
                    if answer:
                        connections[-1].sendall(answer)
            for connection in connections:
                connection.close()

        thread = Thread(target=serve)
        thread.start()
        began = monotonic()
        try:
            with pytest.raises(InputError, match=words):
                Cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        finally:
            stop.set()
            thread.join()
        assert monotonic() - began < 60


@pytest.mark.exhaustive
def test_the_last_worker_is_lost(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told at once, and after a while the comparison ends."""
    monkeypatch.setattr(cluster, "MAX_WAIT_FOR_WORKERS", 3)
    told: list[str] = []
    with closing(Cluster(address(tmp_path), note=told.append)) as found:
        found._client.wait_for_workers(2, timeout=60)
        with pytest.raises(InputError, match="has lost all its workers") as ended:
            run_and_kill(found, tmp_path, processes[1:])
    assert told == [f"the cluster has no workers left: waiting 3 s for one (dask worker {address(tmp_path)})"]
    assert "run the same command again to resume" in str(ended.value)


@pytest.mark.exhaustive
def test_the_scheduler_is_lost(tmp_path: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    with (
        closing(Cluster(address(tmp_path))) as found,
        pytest.raises(InputError, match="lost the connection to the scheduler"),
    ):
        run_and_kill(found, tmp_path, processes[:1])


def run_and_kill(found: Cluster, folder: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    """Make runs, and kill processes after a few."""
    for done, _ in enumerate(found.run(*many(folder))):
        if done == 5:
            for process in processes:
                process.send_signal(signal.SIGKILL)


@pytest.mark.exhaustive
def test_a_worker_that_cannot_make_a_run(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one with another version of nntrain: what comes back is not a row."""
    monkeypatch.setattr(cluster, "remote", lambda *arguments: b"{}")
    with closing(Cluster(address(tmp_path))) as found, pytest.raises(InputError, match="a run failed on a worker"):
        list(found.run(*many(tmp_path)))


def many(folder: Path) -> tuple[Variants, list[Job]]:
    """Return the variants and a hundred jobs."""
    variants = Variants(variants_of([str(folder / "r.yaml")], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    return variants, [Job.of(variants, v, "default", seed) for seed in range(1, 51) for v in (0, 1)]


def test_each_run_of_a_comparison_takes_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines: list[Engine] = []

    class Recorded(Engine):
        def __init__(self, plan: Plan, n_threads: int | None = None) -> None:
            super().__init__(plan, n_threads)
            engines.append(self)

    monkeypatch.setattr(jobs, "Engine", Recorded)
    (tmp_path / "r.yaml").write_text(RECIPE)
    variants, (job, *_) = many(tmp_path)
    variants.run(job)
    cluster.remote(job.key, job.recipe.model_dump(), variants.all[0].dataset)
    assert [engine.pool.mailbox.size for engine in engines] == [1, 1]
