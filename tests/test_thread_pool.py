"""The threads that share large products and steps, and how many processors there are for them."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.jit.mailbox import (
    ALONE_FOR,
    ALONE_UNTIL,
    CALL,
    DONE,
    KIND,
    LATE,
    LINE,
    N_THREADS,
    POOL_SIZE,
    TURN,
    share_again,
)
from nntrain.matmul.gemm import SHARED, is_large, multiply, new_scratch
from nntrain.network import thread_pool as pool
from nntrain.network.thread_pool import STOP, ThreadPool, one_thread_each, worker_loop
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.utils.cpu import cores
from tests.helpers import built, compiled
from tests.test_products import compiled_with

SINGLE = np.dtype(np.float32)
TRAINING = {"epochs": 3, "batch_size": 600}  # of 64 features: enough that copying is shared too
RECIPE = {"data": {"source": "digits"}, "model": {"hidden": [200, 120]}, "training": TRAINING}


@pytest.fixture(params=[2, 3])
def n_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many threads there are to be, which may be more than there are processors."""
    monkeypatch.setattr(pool, "cores", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True)])
def test_shared_products_are_those_of_one_thread(n_threads: int, transposed: tuple[bool, bool]) -> None:
    random = np.random.default_rng(0)
    stored = [
        random.standard_normal(shape[::-1] if back else shape).astype(SINGLE)
        for shape, back in zip(((150, 300), (300, 200)), transposed, strict=True)
    ]
    A, B = (X.T if back else X for X, back in zip(stored, transposed, strict=True))
    b, alone, shared = (
        random.standard_normal(200).astype(SINGLE),
        np.empty((150, 200), SINGLE),
        np.empty((150, 200), SINGLE),
    )
    team = ThreadPool(SINGLE)
    team.allocate()
    compiled_with(A, B, b, alone, team.mailbox)
    assert team.mailbox[TURN] == 0
    with team.at_work(150 * 300 * 200):
        time.sleep(0.02)  # until the others nap
        for turn in range(1, 201):
            shared[:] = np.nan
            team.mailbox[N_THREADS] = n_threads  # also after a worker was late
            compiled_with(A, B, b, shared, team.mailbox)
            assert (shared == alone).all()
            assert team.mailbox[TURN] == turn
            assert [team.mailbox[DONE + LINE * worker] for worker in range(1, n_threads)] == [turn] * (n_threads - 1)
    expected = np.empty_like(shared)
    multiply(A, B, b, expected, team.mailbox)
    np.testing.assert_allclose(shared, expected, rtol=1e-4, atol=1e-4)


def test_every_thread_takes_denormals_as_zero(n_threads: int) -> None:
    A, B, C = np.full((160, 100), 1e-31, SINGLE), np.full((100, 200), 1e-10, SINGLE), np.empty((160, 200), SINGLE)
    team = ThreadPool(SINGLE)
    with team.at_work(160 * 100 * 200):
        compiled_with(A, B, B[0, :0], C, team.mailbox)
    assert (C[0] != 0).all()  # by this thread, which nobody has told to
    assert (C[-1] == 0).all()


def product(team: ThreadPool) -> Any:
    """Return a product large enough to share, computed with the threads of a pool."""
    random = np.random.default_rng(0)
    A, B = random.standard_normal((150, 300)).astype(SINGLE), random.standard_normal((300, 200)).astype(SINGLE)
    C = np.full((150, 200), np.nan, SINGLE)
    compiled_with(A, B, B[0, :0], C, team.mailbox)
    return C


def test_the_first_thread_goes_on_alone_after_a_worker_was_late_and_shares_again_later() -> None:
    alone, team = product(allocated()), allocated()
    mailbox = team.mailbox
    product(team)  # so that nothing is left to compile
    mailbox[N_THREADS] = mailbox[POOL_SIZE] = 2

    def late() -> None:
        while mailbox[TURN] == 0:
            time.sleep(1e-4)
        time.sleep(100 * LATE / 1e9)
        work(mailbox, 1, new_scratch(SINGLE))

    work, thread = worker_loop[SINGLE], threading.Thread(target=late, daemon=True)
    thread.start()
    assert (product(team) == alone).all()
    assert mailbox[N_THREADS] == 1
    assert mailbox[ALONE_FOR] > 100 * LATE
    assert (product(team) == alone).all()
    assert mailbox[TURN] == 1  # no job was posted for the second one
    mailbox[ALONE_UNTIL] = 1 << 62
    compiled(share_again)(mailbox)
    assert (mailbox[N_THREADS], mailbox[TURN]) == (1, 1)  # not yet
    mailbox[ALONE_UNTIL] = 0
    wait_until_shared(team)
    assert mailbox[TURN] == 2  # the call
    assert (product(team) == alone).all()
    assert mailbox[TURN] == 3
    mailbox[TURN] = STOP
    thread.join()


def test_a_worker_that_does_not_answer_a_call_is_done_without() -> None:
    alone, team = product(allocated()), allocated()
    mailbox = team.mailbox
    mailbox[POOL_SIZE] = 2
    for _ in range(5):
        compiled(share_again)(mailbox)
        assert (mailbox[N_THREADS], mailbox[TURN], mailbox[KIND]) == (1, 1, CALL)
        assert (product(team) == alone).all()
    thread = threading.Thread(target=worker_loop[SINGLE], args=(mailbox, 1, new_scratch(SINGLE)), daemon=True)
    thread.start()  # and answers at last
    wait_until_shared(team)
    assert (product(team) == alone).all()
    assert (mailbox[TURN], mailbox[DONE + LINE]) == (2, 2)
    mailbox[TURN] = STOP
    thread.join()


def allocated() -> ThreadPool:
    team = ThreadPool(SINGLE)
    team.allocate()
    return team


def wait_until_shared(team: ThreadPool) -> None:
    deadline = time.monotonic() + 60
    while team.mailbox[N_THREADS] < 2 and time.monotonic() < deadline:
        compiled(share_again)(team.mailbox)
        time.sleep(1e-3)
    assert team.mailbox[N_THREADS] == 2


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "lamb", "muon"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_is_the_same_to_the_bit_however_many_threads_share_it(n_threads: int, optimizer: str, dtype: str) -> None:
    recipe = {**RECIPE, "optimizer": {"name": optimizer}, "training": {**TRAINING, "dtype": dtype}}
    with one_thread_each():
        alone = Engine(built(recipe).plan)
        list(train(alone))
    together = Engine(built(recipe).plan)
    jobs = max(together.pool.mailbox[TURN] for _ in train(together))
    assert alone.pool.mailbox[TURN] == 0
    assert jobs > 0
    assert together.theta.tobytes() == alone.theta.tobytes()


def test_a_crew_goes_home(n_threads: int) -> None:
    team, before = ThreadPool(SINGLE), threading.active_count()
    assert team.mailbox[N_THREADS] == 1

    def broken_off() -> None:
        with team.at_work(n_threads * SHARED):
            assert team.mailbox[N_THREADS] == n_threads
            assert threading.active_count() == before + n_threads - 1
            with team.at_work(n_threads * SHARED):  # they are there already
                assert threading.active_count() == before + n_threads - 1
            assert team.mailbox[N_THREADS] == n_threads
            raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        broken_off()
    assert team.mailbox[N_THREADS] == 1
    assert threading.active_count() == before


def test_a_run_that_nobody_follows_to_its_end_sends_its_crew_home(n_threads: int) -> None:
    before = threading.active_count()
    events = train(Engine(built(RECIPE).plan))
    next(events)
    assert threading.active_count() > before
    events.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_system_that_grants_no_threads_is_done_without(n_threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start, team = threading.Thread.start, ThreadPool(SINGLE)

    def refuse(thread: threading.Thread) -> None:
        if threading.active_count() > before + n_threads - 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with team.at_work(n_threads * SHARED):
        assert team.mailbox[N_THREADS] == n_threads - 1
    assert threading.active_count() == before


def test_small_work_gets_no_crew(n_threads: int) -> None:
    before = threading.active_count()
    with ThreadPool(SINGLE).at_work(SHARED // 2):
        assert threading.active_count() == before
    assert not is_large(100, SHARED // 100 - 1, 2)
    assert is_large(100, SHARED // 100, 2)
    assert not is_large(2, SHARED, 2)  # copies would be read twice at most


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("", None), ("99900000 100000", None)],
)
def test_processors_are_those_that_a_container_grants(tmp_path: Path, text: str, expected: Any) -> None:
    (tmp_path / "cpu.max").write_text(text + "\n")
    assert cores(tmp_path / "cpu.max") == (expected or cores(tmp_path / "none"))
