"""The thread pool: the threads that share the large products, updates and batches of a run."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import numpy as np

from nntrain.jit.arrays import without_refcounts
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.kernels import compiled, compiles
from nntrain.jit.lazy import types
from nntrain.jit.mailbox import (
    MAILBOX,
    PRODUCT,
    UPDATE,
    done_jobs,
    load_acquire,
    new_mailbox,
    posted_jobs,
    store_release,
    wait_for,
)
from nntrain.matmul.gemm import SHARED_MULTIPLY_ADDS, fill_panels, new_scratch, shared_product, work_on_product
from nntrain.matmul.tiles import small_product
from nntrain.network.shared_work import work_on_gather, work_on_update
from nntrain.utils.cpu import cores

STOP = 1 << 62  # number of posted jobs that stops the workers


class ThreadPool:
    """The threads of a run: the first one, which trains, and workers while there is large work to share.

    Attributes:
        mailbox: where workers find their jobs (see nntrain.jit.mailbox).
    """

    def __init__(self, dtype: np.dtype[Any], largest_product: int, n_threads: int | None = None) -> None:
        """Prepare the mailbox and, for large products, the memory for copies.

        Args:
            dtype: of the numbers.
            largest_product: the multiply-adds of the largest product worth sharing, 0 if there is none.
            n_threads: the maximum number of threads, including the first one; None for as many as there are cores.
        """
        self._dtype, self._largest = dtype, largest_product
        self._n_threads = cores() if n_threads is None else n_threads
        self.mailbox = new_mailbox(self._n_threads)
        self._header = self.mailbox[0]
        self._header.small_product = small_product.address(dtype)
        if largest_product:
            self._scratch = new_scratch(dtype)
            self._header.scratch = self._scratch.ctypes.data
            self._header.shared_product = shared_product.address(dtype)
            self._header.fill_panels = fill_panels.address(dtype)

    @contextmanager
    def at_work(self, multiply_adds: int | None = None) -> Iterator[None]:
        """Run as many workers as a product of ``multiply_adds`` (by default the largest) can keep busy.

        If workers are already running, nothing changes.
        """
        largest = self._largest if multiply_adds is None else min(multiply_adds, self._largest)
        n_threads = min(self._n_threads, largest // (SHARED_MULTIPLY_ADDS // 2))
        if n_threads < 2 or self._header.pool_size > 1 or not compiles():
            yield
            return
        work = worker_loop[self._dtype]  # compiled, if need be, before anyone waits for it
        workers: list[Thread] = []
        try:
            with suppress(RuntimeError):  # no more threads can be started: use those that have been
                while len(workers) < n_threads - 1:
                    arguments = (self.mailbox, len(workers) + 1, new_scratch(self._dtype))
                    thread = Thread(target=work, args=arguments, daemon=True)
                    thread.start()
                    workers.append(thread)
            self._header.n_threads = self._header.pool_size = 1 + len(workers)
            yield
        finally:
            self._header.n_posted = STOP
            for thread in workers:
                thread.join()
            self._header.n_posted = self._header.kind = 0
            self.mailbox["n_done"] = 0
            self._header.n_threads = self._header.pool_size = 1


def WORKER_LOOP(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(mailbox, worker, scratch)."""
    return types.void(MAILBOX(), types.int64, F[::1])


@compiled(WORKER_LOOP)
def worker_loop(mailbox, worker, scratch):
    """Do a worker's part of each job until the pool stops.

    Args:
        mailbox: where jobs are found.
        worker: its number, from 1.
        scratch: memory for packed copies.
    """
    mailbox, scratch = without_refcounts((mailbox, scratch))
    control, job = flush_denormals(), 0
    while True:
        job += 1
        wait_for(posted_jobs(mailbox), job)
        if load_acquire(posted_jobs(mailbox)) >= STOP:
            break
        kind, n_wanted = mailbox[0].kind, mailbox[0].n_wanted
        if worker < n_wanted:
            if kind == PRODUCT:
                work_on_product(mailbox, worker, n_wanted, scratch)
            elif kind == UPDATE:
                work_on_update(mailbox, worker, n_wanted, scratch)
            else:
                work_on_gather(mailbox, worker, n_wanted, scratch)
        store_release(done_jobs(mailbox, worker), job)
    restore(control)
