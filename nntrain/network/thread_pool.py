"""The threads that share a run's large products, updates and batches."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import numpy as np
from numba import types

from nntrain.jit.aligned import empty
from nntrain.jit.arrays import address_of, at_address, without_refcounts
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.kernels import compiled, compiles, kernel
from nntrain.jit.mailbox import (
    BATCH,
    DONE,
    JOB,
    KIND,
    LARGE_PRODUCT,
    LINE,
    MAILBOX,
    N_THREADS,
    PANELS_OF,
    POOL_SIZE,
    PRODUCT,
    SCRATCH,
    SMALL_PRODUCT,
    TURN,
    UPDATE,
    WANTED,
    load_acquire,
    mailbox_size,
    post,
    store_release,
    wait_for,
    wait_for_workers,
)
from nntrain.matmul.gemm import SHARED, in_panels, new_scratch, part_of_product, portion, shared_product
from nntrain.matmul.microkernel import ROWS
from nntrain.matmul.tiles import small_product
from nntrain.optimizers import call_rule
from nntrain.utils.cpu import cores

NUMBERS = 16_384  # that a thread steps or gathers at least
STRETCH = 1024  # that is not split: the last few of a loop, which are no whole vector, are rounded otherwise
STRETCHES = 32 * STRETCH  # that are stepped at once
STOP = 1 << 62  # the count of jobs that sends everyone home


class ThreadPool:
    """Some threads, of which the first is the one that trains; while none are at work it does everything alone.

    Attributes:
        board: where the first tells the others what there is to do (see nntrain.jit.mailbox).
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype, self._most = dtype, cores()
        self.mailbox = empty(mailbox_size(self._most), np.dtype(np.int64))
        self.mailbox[:] = 0
        self.mailbox[N_THREADS] = self.mailbox[POOL_SIZE] = 1
        self.mailbox[SMALL_PRODUCT] = small_product.address(dtype)
        self._room = np.empty(0)

    def allocate(self) -> None:
        """Get ready for large products."""
        if not self._room.size:
            self._room = new_scratch(self._dtype)
            self.mailbox[SCRATCH] = self._room.ctypes.data
            self.mailbox[LARGE_PRODUCT] = shared_product.address(self._dtype)
            self.mailbox[PANELS_OF] = in_panels.address(self._dtype)

    @contextmanager
    def at_work(self, multiply_adds: int) -> Iterator[None]:
        """Have as many threads, for a while, as a step's largest product, of so many multiply-adds, can feed.

        Nothing changes where they are at work already.
        """
        n_threads = min(self._most, multiply_adds // (SHARED // 2))
        if n_threads < 2 or self.mailbox[POOL_SIZE] > 1 or not compiles() or _side_by_side:
            yield
            return
        work = worker_loop[self._dtype]  # compiled, if need be, before anyone waits for it
        self.allocate()
        others: list[Thread] = []
        try:
            with suppress(RuntimeError):  # the system grants no more threads: those that there are will do
                while len(others) < n_threads - 1:
                    place = (self.mailbox, len(others) + 1, new_scratch(self._dtype))
                    thread = Thread(target=work, args=place, daemon=True)
                    thread.start()
                    others.append(thread)
            self.mailbox[N_THREADS] = self.mailbox[POOL_SIZE] = 1 + len(others)
            yield
        finally:
            self.mailbox[TURN] = STOP
            for thread in others:
                thread.join()
            self.mailbox[TURN:] = 0
            self.mailbox[N_THREADS] = self.mailbox[POOL_SIZE] = 1


_side_by_side: list[bool] = []


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let no run have a crew, for as long as runs go on side by side."""
    _side_by_side.append(True)
    try:
        yield
    finally:
        _side_by_side.pop()


def WORKER_LOOP(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(board, hand, room)."""
    return types.void(MAILBOX, types.int64, F[::1])


@compiled(WORKER_LOOP)
def worker_loop(mailbox, worker, scratch):
    """Do one hand's part of each job until all are sent home.

    Args:
        mailbox: where jobs are found.
        worker: which one this is, from 1 on.
        scratch: room for copies.
    """
    mailbox, scratch = without_refcounts((mailbox, scratch))
    control, job = flush_denormals(), 0
    while True:
        job += 1
        wait_for(mailbox, TURN, job)
        if load_acquire(mailbox, TURN) >= STOP:
            break
        if worker < mailbox[WANTED]:
            if mailbox[KIND] == PRODUCT:
                part_of_product(mailbox, worker, mailbox[WANTED], scratch)
            elif mailbox[KIND] == UPDATE:
                part_of_step(mailbox, worker, mailbox[WANTED], scratch)
            else:
                part_of_batch(mailbox, worker, mailbox[WANTED], scratch)
        store_release(mailbox, DONE + LINE * worker, job)
    restore(control)


@kernel
def take_step(update, theta, grad, state, rate, k, mailbox):
    """Let the optimizer take step k, with as many threads as there are and can be fed."""
    n_threads = min(mailbox[N_THREADS], max(1, theta.size // NUMBERS)) if update.elementwise else 1
    tensors, hyper = update.tensors, update.hyper
    if n_threads > 1:
        job = mailbox[JOB:]
        job[0], job[1], job[2], job[3], job[4] = update.address, theta.size, address_of(theta), address_of(grad), k
        job[5], job[6], job[7] = address_of(state), state.shape[0], state.shape[1]
        job[8], job[9], job[10], job[11] = address_of(tensors), tensors.shape[0], address_of(hyper), hyper.size
        at_address(address_of(job[12:]), (1,), np.float64)[0] = rate
        post(mailbox, UPDATE, n_threads)
    if not update.elementwise:
        call_rule(update.address, theta, grad, state, tensors, hyper, rate, k, np.uint64(0), np.uint64(theta.size))
    else:
        step_portion(update.address, theta, grad, state, tensors, hyper, rate, k, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def part_of_step(mailbox, worker, n_threads, like):
    """Step one hand's part of the parameters."""
    job = mailbox[JOB:]
    theta, grad = at_address(job[2], (job[1],), like), at_address(job[3], (job[1],), like)
    state, tensors = at_address(job[5], (job[6], job[7]), like), at_address(job[8], (job[9], 3), np.int64)
    hyper, rate = at_address(job[10], (job[11],), np.float64), at_address(address_of(job[12:]), (1,), np.float64)[0]
    step_portion(job[0], theta, grad, state, tensors, hyper, rate, job[4], worker, n_threads)


@kernel
def step_portion(address, theta, grad, state, tensors, hyper, rate, k, worker, n_threads):
    """Step one hand's part of the parameters from its end on.

    The backward pass has computed the first layers' gradients last, and the next forward pass begins with their
    weights: both are still in the cache then.
    """
    start, stop = portion(theta.size, STRETCH, worker, n_threads)
    while stop > start:
        begin = start + (stop - start - 1) // STRETCHES * STRETCHES
        call_rule(address, theta, grad, state, tensors, hyper, rate, k, np.uint64(begin), np.uint64(stop))
        stop = begin


@kernel
def gather(data, order, batch, mailbox):
    """Copy the rows ``order`` of ``data`` into ``batch``, with as many threads as there are and can be fed."""
    n_threads = min(mailbox[N_THREADS], max(1, batch.size // NUMBERS))
    if n_threads > 1:
        job = mailbox[JOB:]
        job[0], job[1], job[2] = address_of(data), data.shape[0], data.shape[1]
        job[3], job[4], job[5] = address_of(order), order.size, address_of(batch)
        post(mailbox, BATCH, n_threads)
    copy_rows(data, order, batch, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def part_of_batch(mailbox, worker, n_threads, like):
    """Copy one hand's part of a batch's rows."""
    job = mailbox[JOB:]
    data, order = at_address(job[0], (job[1], job[2]), like), at_address(job[3], (job[4],), np.int64)
    copy_rows(data, order, at_address(job[5], (job[4], job[2]), like), worker, n_threads)


@kernel
def copy_rows(data, order, batch, worker, n_threads):
    """Copy a hand's part: the rows of which it makes products then."""
    start, stop = portion(order.size, ROWS, worker, n_threads)
    for i in range(start, stop):
        row = order[i]
        for j in range(data.shape[1]):
            batch[i, j] = data[row, j]
