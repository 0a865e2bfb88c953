"""The threads that share a run's large products, updates and batches."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import numpy as np
from numba import types

from nntrain.jit.aligned import empty
from nntrain.jit.arrays import address_of, at_address, borrowed
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.kernels import compiles, entry, kernel
from nntrain.jit.mailbox import (
    BATCH,
    BOARD,
    DONE,
    HANDS,
    JOB,
    KIND,
    LARGE_PRODUCT,
    LINE,
    PANELS_OF,
    PRODUCT,
    ROOM,
    SMALL_PRODUCT,
    TEAM,
    TURN,
    UPDATE,
    WANTED,
    board_for,
    post,
    seen,
    tell,
    wait_for,
    wait_for_the_others,
)
from nntrain.matmul.gemm import SHARED, in_panels, part_of_product, portion, room_for_copies, shared_product
from nntrain.matmul.microkernel import ROWS
from nntrain.matmul.tiles import small_product
from nntrain.optimizers import call_rule
from nntrain.utils.cpu import cores

NUMBERS = 16_384  # that a thread steps or gathers at least
STRETCH = 1024  # that is not split: the last few of a loop, which are no whole vector, are rounded otherwise
STRETCHES = 32 * STRETCH  # that are stepped at once
HOME = 1 << 62  # the count of jobs that sends everyone home


class Crew:
    """Some threads, of which the first is the one that trains; while none are at work it does everything alone.

    Attributes:
        board: where the first tells the others what there is to do (see nntrain.jit.mailbox).
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype, self._most = dtype, cores()
        self.board = empty(board_for(self._most), np.dtype(np.int64))
        self.board[:] = 0
        self.board[HANDS] = self.board[TEAM] = 1
        self.board[SMALL_PRODUCT] = small_product.address(dtype)
        self._room = np.empty(0)

    def furnish(self) -> None:
        """Get ready for large products."""
        if not self._room.size:
            self._room = room_for_copies(self._dtype)
            self.board[ROOM] = self._room.ctypes.data
            self.board[LARGE_PRODUCT] = shared_product.address(self._dtype)
            self.board[PANELS_OF] = in_panels.address(self._dtype)

    @contextmanager
    def at_work(self, multiply_adds: int) -> Iterator[None]:
        """Have as many threads, for a while, as a step's largest product, of so many multiply-adds, can feed.

        Nothing changes where they are at work already.
        """
        hands = min(self._most, multiply_adds // (SHARED // 2))
        if hands < 2 or self.board[TEAM] > 1 or not compiles() or _side_by_side:
            yield
            return
        work = serve[self._dtype]  # compiled, if need be, before anyone waits for it
        self.furnish()
        others: list[Thread] = []
        try:
            with suppress(RuntimeError):  # the system grants no more threads: those that there are will do
                while len(others) < hands - 1:
                    place = (self.board, len(others) + 1, room_for_copies(self._dtype))
                    thread = Thread(target=work, args=place, daemon=True)
                    thread.start()
                    others.append(thread)
            self.board[HANDS] = self.board[TEAM] = 1 + len(others)
            yield
        finally:
            self.board[TURN] = HOME
            for thread in others:
                thread.join()
            self.board[TURN:] = 0
            self.board[HANDS] = self.board[TEAM] = 1


_side_by_side: list[bool] = []


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let no run have a crew, for as long as runs go on side by side."""
    _side_by_side.append(True)
    try:
        yield
    finally:
        _side_by_side.pop()


def SERVE(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(board, hand, room)."""
    return types.void(BOARD, types.int64, F[::1])


@entry(SERVE)
def serve(board, hand, room):  # type: ignore[no-untyped-def]
    """Do one hand's part of each job until all are sent home.

    Args:
        board: where jobs are found.
        hand: which one this is, from 1 on.
        room: for copies.
    """
    board, room = borrowed((board, room))
    control, job = flush_denormals(), 0
    while True:
        job += 1
        wait_for(board, TURN, job)
        if seen(board, TURN) >= HOME:
            break
        if hand < board[WANTED]:
            if board[KIND] == PRODUCT:
                part_of_product(board, hand, board[WANTED], room)
            elif board[KIND] == UPDATE:
                part_of_step(board, hand, board[WANTED], room)
            else:
                part_of_batch(board, hand, board[WANTED], room)
        tell(board, DONE + LINE * hand, job)
    restore(control)


@kernel
def take_step(update, theta, grad, state, rate, k, board):  # type: ignore[no-untyped-def]
    """Let the optimizer take step k, with as many threads as there are and can be fed."""
    hands = 1 if update.whole else min(board[HANDS], max(1, theta.size // NUMBERS))
    tensors, hyper = update.tensors, update.hyper
    if hands > 1:
        job = board[JOB:]
        job[0], job[1], job[2], job[3], job[4] = update.address, theta.size, address_of(theta), address_of(grad), k
        job[5], job[6], job[7] = address_of(state), state.shape[0], state.shape[1]
        job[8], job[9], job[10], job[11] = address_of(tensors), tensors.shape[0], address_of(hyper), hyper.size
        at_address(address_of(job[12:]), (1,), np.float64)[0] = rate
        post(board, UPDATE, hands)
    if update.whole:
        call_rule(update.address, theta, grad, state, tensors, hyper, rate, k, np.uint64(0), np.uint64(theta.size))
    else:
        step_portion(update.address, theta, grad, state, tensors, hyper, rate, k, 0, hands)
    if hands > 1:
        wait_for_the_others(board)


@kernel
def part_of_step(board, hand, hands, like):  # type: ignore[no-untyped-def]
    """Step one hand's part of the parameters."""
    job = board[JOB:]
    theta, grad = at_address(job[2], (job[1],), like), at_address(job[3], (job[1],), like)
    state, tensors = at_address(job[5], (job[6], job[7]), like), at_address(job[8], (job[9], 3), np.int64)
    hyper, rate = at_address(job[10], (job[11],), np.float64), at_address(address_of(job[12:]), (1,), np.float64)[0]
    step_portion(job[0], theta, grad, state, tensors, hyper, rate, job[4], hand, hands)


@kernel
def step_portion(address, theta, grad, state, tensors, hyper, rate, k, hand, hands):  # type: ignore[no-untyped-def]
    """Step one hand's part of the parameters from its end on.

    The backward pass has computed the first layers' gradients last, and the next forward pass begins with their
    weights: both are still in the cache then.
    """
    start, stop = portion(theta.size, STRETCH, hand, hands)
    while stop > start:
        begin = start + (stop - start - 1) // STRETCHES * STRETCHES
        call_rule(address, theta, grad, state, tensors, hyper, rate, k, np.uint64(begin), np.uint64(stop))
        stop = begin


@kernel
def gather(data, order, batch, board):  # type: ignore[no-untyped-def]
    """Copy the rows ``order`` of ``data`` into ``batch``, with as many threads as there are and can be fed."""
    hands = min(board[HANDS], max(1, batch.size // NUMBERS))
    if hands > 1:
        job = board[JOB:]
        job[0], job[1], job[2] = address_of(data), data.shape[0], data.shape[1]
        job[3], job[4], job[5] = address_of(order), order.size, address_of(batch)
        post(board, BATCH, hands)
    copy_rows(data, order, batch, 0, hands)
    if hands > 1:
        wait_for_the_others(board)


@kernel
def part_of_batch(board, hand, hands, like):  # type: ignore[no-untyped-def]
    """Copy one hand's part of a batch's rows."""
    job = board[JOB:]
    data, order = at_address(job[0], (job[1], job[2]), like), at_address(job[3], (job[4],), np.int64)
    copy_rows(data, order, at_address(job[5], (job[4], job[2]), like), hand, hands)


@kernel
def copy_rows(data, order, batch, hand, hands):  # type: ignore[no-untyped-def]
    """Copy a hand's part: the rows of which it makes products then."""
    start, stop = portion(order.size, ROWS, hand, hands)
    for i in range(start, stop):
        row = order[i]
        for j in range(data.shape[1]):
            batch[i, j] = data[row, j]
