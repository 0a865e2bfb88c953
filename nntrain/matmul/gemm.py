"""Matrix products: small ones as they lie, large ones from copies that fit into the caches, by several threads.

Both go block by block. Matrices that lie in the first two caches are read where they are, with no overhead
(nntrain.matmul.tiles). Of larger ones a part of A is copied into the second cache, and a panel of B, as wide as a
block, into the first, which every block of the panel then reads. That is as fast as a BLAS, faster at the sizes of a
network's layers, and gives the same numbers whatever the size, the processor's threads, and the BLAS that is
installed.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from nntrain.jit.aligned import empty
from nntrain.jit.arrays import address_of, at_address, in_order, view
from nntrain.jit.compiler import overload
from nntrain.jit.kernels import by_address, compiled, kernel
from nntrain.jit.mailbox import (
    JOB,
    LARGE_PRODUCT,
    MAILBOX,
    N_THREADS,
    PANELS_OF,
    PRODUCT,
    SCRATCH,
    SMALL_PRODUCT,
    post,
    wait_for_workers,
)
from nntrain.matmul.microkernel import BYTES, ROWS, VECTORS, packing_block, panel_block
from nntrain.matmul.tiles import call_small, in_blocks, in_blocks_apart, row_blocks
from nntrain.matmul.transpose import in_large_tiles

# Multiply-adds from which on a product is made of copies by one thread, and from which on two threads share it, more
# threads for each half of that (measured: benchmarks/README.md).
LARGE, SHARED = 4_000_000, 1_000_000
COPY = 512 * 1024  # bytes of A that are copied at once
DEEP = 256  # numbers of each of its rows
PAD = 16  # numbers between the rows: at a distance of 1024 bytes they would share a few lines of the cache


def new_scratch(dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return room for the copies that one thread makes."""
    return empty(copied_numbers(dtype.itemsize), dtype)


@kernel
def copied_numbers(size: int) -> int:
    """Return how many numbers of so many bytes one thread copies at once: a panel of B, and part of A."""
    return DEEP * VECTORS * BYTES // size + COPY // (DEEP * size) * (DEEP + PAD)


def multiply(A: Any, B: Any, b: Any, C: Any, mailbox: Any) -> None:
    """Fill C (M, N) with A (M, K) B (K, N) plus b (N), which may be empty.

    All are in C's order, but A may be a transpose, and of a large product B too.
    """
    np.dot(A, B, out=C)
    if b.size > 0:
        C += b


@overload(multiply)
def _compiled_multiply(A, B, b, C, mailbox):
    a_transposed, b_transposed = A.layout == "F", B.layout == "F"
    if b_transposed:
        return lambda A, B, b, C, mailbox: call_large(
            in_order(A), a_transposed, in_order(B), b_transposed, b, C, mailbox
        )

    def implementation(A, B, b, C, mailbox):
        if is_large(C.shape[0], B.size, mailbox[N_THREADS]):
            call_large(in_order(A), a_transposed, B, b_transposed, b, C, mailbox)
        else:
            call_small(
                mailbox[SMALL_PRODUCT], C, address_of(A), a_transposed, B.shape[0], address_of(B), address_of(b), b.size
            )

    return implementation


@kernel
def is_large(rows: int, weights: int, n_threads: int) -> bool:
    """Return whether copies pay for a product of so many rows of A with so many numbers of B, for so many threads."""
    return rows * weights >= (LARGE if n_threads == 1 else SHARED) and rows >= 2 * ROWS


@kernel
def call_large(A, a_transposed, B, b_transposed, b, C, mailbox):
    """Fill C by an entry of its own: what small products do not need would only be in their way."""
    call_shared(mailbox[LARGE_PRODUCT], A, a_transposed, B, b_transposed, b, C, mailbox)


@kernel
def multiply_alone(A, B, b, C, scratch):
    """Fill C with A B plus b, all of them in order, on this thread."""
    if is_large(C.shape[0], B.size, 1):
        fill_panels(A, False, B, False, b, C, scratch, 0, 1)
    else:
        in_blocks(A, 0, B, 0, b, C, 0, 0, C.shape[1], False)


def SHARED_PRODUCT(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix A, a_turned, B, b_turned, b, C, board), as ``in_panels`` has them."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, MAILBOX)


call_shared = by_address(SHARED_PRODUCT)


@compiled(SHARED_PRODUCT)
def shared_product(A, a_transposed, B, b_transposed, b, C, mailbox):
    """Fill C in panels, with as many threads as there are and can be fed."""
    n_threads = min(mailbox[N_THREADS], max(1, C.shape[0] * B.size // (SHARED // 2)))
    if n_threads > 1:
        job = mailbox[JOB:]
        job[0], job[1], job[2], job[3], job[4] = address_of(A), A.shape[0], A.shape[1], a_transposed, b_transposed
        job[5], job[6], job[7], job[8], job[9] = address_of(B), B.shape[0], B.shape[1], address_of(b), b.size
        job[10], job[11], job[12] = address_of(C), C.shape[0], C.shape[1]
        post(mailbox, PRODUCT, n_threads)
    scratch = at_address(mailbox[SCRATCH], (copied_numbers(C.itemsize),), C)
    call_panels(mailbox[PANELS_OF], A, a_transposed, B, b_transposed, b, C, scratch, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def part_of_product(mailbox, worker, n_threads, scratch):
    """Do one hand's part of the product on the board."""
    job = mailbox[JOB:]
    A, B = at_address(job[0], (job[1], job[2]), scratch), at_address(job[5], (job[6], job[7]), scratch)
    b, C = at_address(job[8], (job[9],), scratch), at_address(job[10], (job[11], job[12]), scratch)
    call_panels(mailbox[PANELS_OF], A, job[3] != 0, B, job[4] != 0, b, C, scratch, worker, n_threads)


def PANELS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix A, a_turned, B, b_turned, b, C, room, hand, hands), as ``in_panels`` has them."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, F[::1], types.int64, types.int64)


call_panels = by_address(PANELS)


@compiled(PANELS)
def in_panels(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads):
    """Fill a hand's part of C with the product of A and B, each of them in order, or turned round to be multiplied."""
    fill_panels(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads)


@kernel
def fill_panels(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads):
    """Fill a hand's part of C panel by panel.

    It is some of C's rows or, where there are more panels than blocks of rows, of its columns.
    """
    rows, columns = C.shape
    inner = B.shape[1] if b_transposed else B.shape[0]
    width = VECTORS * BYTES // C.itemsize
    if -(-rows // ROWS) >= -(-columns // width):
        top, bottom = portion(rows, ROWS, worker, n_threads)
        first, last = 0, columns
    else:
        top, bottom = 0, rows
        first, last = portion(columns, width, worker, n_threads)
    if columns <= width and not a_transposed and not b_transposed:  # a copy of A would be read once
        zero = 0 * top  # Numba would compile blocks anew for a constant
        in_blocks_apart(view(A, top * inner, (bottom - top, inner)), zero, B, zero, b, C, top, zero, columns, zero > 0)
        return
    tall, deep = even(bottom - top, COPY // (DEEP * C.itemsize * ROWS) * ROWS, ROWS), even(inner, DEEP, 1)
    copy = scratch[DEEP * width :]
    for i in range(top, bottom, tall):
        for k in range(0, inner, deep):
            A_part = view(copy, 0, (min(tall, bottom - i), deep + PAD))
            depth = min(deep, inner - k)
            if a_transposed:  # a part is seldom smaller than a large tile: small ones are not worth compiling here
                in_large_tiles(A, k, i, depth, A_part.shape[0], A_part)
            else:
                for row in range(A_part.shape[0]):
                    line, into = view(A, (i + row) * inner + k, (depth,)), view(copy, row * (deep + PAD), (depth,))
                    for step in range(depth):
                        into[step] = line[step]
            for j in range(first, last, width):
                in_panel(A_part, i, B, b_transposed, k, depth, j, b, C, view(scratch, 0, (depth, width)))


@kernel
def portion(length, unit, worker, n_threads):
    """Return from where to where a hand's part of a length goes, in whole units but for the end."""
    units = -(-length // unit)
    return min(length, units * worker // n_threads * unit), min(length, units * (worker + 1) // n_threads * unit)


@kernel
def even(length, most, unit):
    """Return the length of a part where ``length`` is cut into as few equal ones as there can be, in whole units."""
    parts = max(1, -(-length // most))
    return max(unit, -(-length // (parts * unit)) * unit)


@kernel
def in_panel(A_part, i, B, b_transposed, k, depth, j, b, C, panel):
    """Add A_part's product with a panel of B, which begins at row ``k`` and column ``j``, to C from row ``i`` on."""
    width, onto = panel.shape[1], k > 0
    columns, packed = min(width, C.shape[1] - j), 0
    whole, _ = row_blocks(A_part.shape[0])
    source, start = view(B, k * B.shape[1], (depth, B.shape[1])), j
    if b_transposed:
        in_large_tiles(B, j, k, columns, depth, panel)
        source, start = panel, 0
    elif columns == width and whole > ROWS:
        packing_block(A_part, 0, source, j, b, C, i, j, onto, panel)
        source, start, packed = panel, 0, ROWS
    if columns == width:
        for row in range(packed, whole, ROWS):
            panel_block(A_part, row, source, start, b, C, i + row, j, onto, panel)
        packed = whole
    in_blocks_apart(A_part, packed, source, start, b, C, i, j, j + columns, onto)
