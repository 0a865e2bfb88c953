"""The threads that share large products, updates and batches, and the number of cores for them."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.jit.mailbox import LATE_NS, PING, share_again
from nntrain.matmul.gemm import SHARED_MULTIPLY_ADDS, is_large, multiply, new_scratch
from nntrain.network import thread_pool
from nntrain.network.thread_pool import STOP, ThreadPool, worker_loop
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.utils.cpu import cores
from tests.helpers import built, compiled
from tests.test_products import compiled_with

SINGLE = np.dtype(np.float32)
TRAINING = {"epochs": 3, "batch_size": 600}  # of 64 features: enough to share the gathering of a batch too
RECIPE = {"data": {"source": "digits"}, "model": {"hidden": [200, 120]}, "training": TRAINING}
SHAPE = (150, 300, 200)  # rows, inner dimension and columns of a product worth sharing


@pytest.fixture(params=[2, 3])
def n_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of threads, which may exceed the number of cores."""
    monkeypatch.setattr(thread_pool, "cores", lambda: request.param)
    return int(request.param)


def new_pool() -> ThreadPool:
    rows, inner, columns = SHAPE
    return ThreadPool(SINGLE, rows * inner * columns)


@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True)])
def test_shared_products_equal_those_of_one_thread(n_threads: int, transposed: tuple[bool, bool]) -> None:
    random = np.random.default_rng(0)
    rows, inner, columns = SHAPE
    stored = [
        random.standard_normal(shape[::-1] if back else shape).astype(SINGLE)
        for shape, back in zip(((rows, inner), (inner, columns)), transposed, strict=True)
    ]
    A, B = (X.T if back else X for X, back in zip(stored, transposed, strict=True))
    b = random.standard_normal(columns).astype(SINGLE)
    alone, shared = np.empty((rows, columns), SINGLE), np.empty((rows, columns), SINGLE)
    pool = new_pool()
    first = pool.mailbox[0]
    compiled_with(A, B, b, alone, pool.mailbox)
    assert first.n_posted == 0
    with pool.at_work():
        time.sleep(0.02)  # until the workers sleep
        for job in range(1, 201):
            shared[:] = np.nan
            first.n_threads = n_threads  # also after a worker was late
            compiled_with(A, B, b, shared, pool.mailbox)
            assert (shared == alone).all()
            assert first.n_posted == job
            assert (pool.mailbox.n_done[1:] == job).all()
    expected = np.empty_like(shared)
    multiply(A, B, b, expected, pool.mailbox)
    np.testing.assert_allclose(shared, expected, rtol=1e-4, atol=1e-4)


def test_all_workers_flush_denormals(n_threads: int) -> None:
    rows, inner, columns = SHAPE
    A, B = np.full((rows, inner), 1e-31, SINGLE), np.full((inner, columns), 1e-10, SINGLE)
    C, pool = np.empty((rows, columns), SINGLE), new_pool()
    with pool.at_work():
        compiled_with(A, B, B[0, :0], C, pool.mailbox)
    assert (C[0] != 0).all()  # computed by this thread, which does not flush them
    assert (C[-1] == 0).all()


def product(pool: ThreadPool) -> Any:
    """Return a product that is large enough to share."""
    random = np.random.default_rng(0)
    rows, inner, columns = SHAPE
    A, B = random.standard_normal((rows, inner)).astype(SINGLE), random.standard_normal((inner, columns)).astype(SINGLE)
    C = np.full((rows, columns), np.nan, SINGLE)
    compiled_with(A, B, B[0, :0], C, pool.mailbox)
    return C


def test_the_first_thread_works_alone_after_a_worker_was_late_and_shares_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thread_pool, "cores", lambda: 2)
    pool = new_pool()
    alone, first = product(pool), pool.mailbox[0]
    first.n_threads = first.pool_size = 2
    work = worker_loop[SINGLE]

    def start_late() -> None:
        while first.n_posted == 0:
            time.sleep(1e-4)
        time.sleep(100 * LATE_NS / 1e9)
        work(pool.mailbox, 1, new_scratch(SINGLE))

    thread = threading.Thread(target=start_late, daemon=True)
    thread.start()
    assert (product(pool) == alone).all()
    assert first.n_threads == 1
    assert first.alone_for > 100 * LATE_NS
    assert (product(pool) == alone).all()
    assert first.n_posted == 1  # no job was posted for the second product
    first.alone_until = 1 << 62
    compiled(share_again)(pool.mailbox)
    assert (first.n_threads, first.n_posted) == (1, 1)  # not yet
    first.alone_until = 0
    wait_until_shared(pool)
    assert first.n_posted == 2  # the ping
    assert (product(pool) == alone).all()
    assert first.n_posted == 3
    first.n_posted = STOP
    thread.join()


def test_the_first_thread_does_not_wait_for_the_answer_to_a_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "cores", lambda: 2)
    pool = new_pool()
    alone, first = product(pool), pool.mailbox[0]
    first.pool_size = 2
    for _ in range(5):
        compiled(share_again)(pool.mailbox)
        assert (first.n_threads, first.n_posted, first.kind) == (1, 1, PING)
        assert (product(pool) == alone).all()
    thread = threading.Thread(target=worker_loop[SINGLE], args=(pool.mailbox, 1, new_scratch(SINGLE)), daemon=True)
    thread.start()  # which answers at last
    wait_until_shared(pool)
    assert (product(pool) == alone).all()
    assert (first.n_posted, pool.mailbox[1].n_done) == (2, 2)
    first.n_posted = STOP
    thread.join()


def wait_until_shared(pool: ThreadPool) -> None:
    deadline = time.monotonic() + 60
    while pool.mailbox[0].n_threads < 2 and time.monotonic() < deadline:
        compiled(share_again)(pool.mailbox)
        time.sleep(1e-3)
    assert pool.mailbox[0].n_threads == 2


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "lamb", "muon"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_is_the_same_to_the_bit_for_any_number_of_threads(n_threads: int, optimizer: str, dtype: str) -> None:
    recipe = {**RECIPE, "optimizer": {"name": optimizer}, "training": {**TRAINING, "dtype": dtype}}
    alone, together = Engine(built(recipe).plan, n_threads=1), Engine(built(recipe).plan)
    list(train(alone))
    jobs = max(together.pool.mailbox[0].n_posted for _ in train(together))
    assert alone.pool.mailbox.size == 1
    assert alone.pool.mailbox[0].n_posted == 0
    assert jobs > 0
    assert together.theta.tobytes() == alone.theta.tobytes()


def test_workers_end_with_the_work(n_threads: int) -> None:
    pool, before = ThreadPool(SINGLE, n_threads * SHARED_MULTIPLY_ADDS), threading.active_count()
    first = pool.mailbox[0]
    assert first.n_threads == 1

    def interrupted_work() -> None:
        with pool.at_work():
            assert first.n_threads == n_threads
            assert threading.active_count() == before + n_threads - 1
            with pool.at_work():  # they are already running
                assert threading.active_count() == before + n_threads - 1
            assert first.n_threads == n_threads
            raise ValueError("interrupted")

    with pytest.raises(ValueError, match="interrupted"):
        interrupted_work()
    assert first.n_threads == 1
    assert threading.active_count() == before


def test_a_run_that_is_abandoned_stops_its_workers(n_threads: int) -> None:
    before = threading.active_count()
    events = train(Engine(built(RECIPE).plan))
    next(events)
    assert threading.active_count() > before
    events.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_fewer_threads_do_if_the_system_grants_no_more(n_threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start, pool = threading.Thread.start, ThreadPool(SINGLE, n_threads * SHARED_MULTIPLY_ADDS)

    def refuse(thread: threading.Thread) -> None:
        if threading.active_count() > before + n_threads - 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pool.at_work():
        assert pool.mailbox[0].n_threads == n_threads - 1
    assert threading.active_count() == before


def test_small_products_start_no_workers(n_threads: int) -> None:
    before = threading.active_count()
    with ThreadPool(SINGLE, SHARED_MULTIPLY_ADDS // 2).at_work():
        assert threading.active_count() == before
    with ThreadPool(SINGLE, 10 * SHARED_MULTIPLY_ADDS).at_work(SHARED_MULTIPLY_ADDS // 2):
        assert threading.active_count() == before
    assert not is_large(100, SHARED_MULTIPLY_ADDS // 100 - 1, 2)
    assert is_large(100, SHARED_MULTIPLY_ADDS // 100, 2)
    assert not is_large(2, SHARED_MULTIPLY_ADDS, 2)  # copies would be read at most twice


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("", None), ("99900000 100000", None)],
)
def test_the_limit_of_a_container_counts_as_cores(tmp_path: Path, text: str, expected: Any) -> None:
    (tmp_path / "cpu.max").write_text(text + "\n")
    assert cores(tmp_path / "cpu.max") == (expected or cores(tmp_path / "none"))
