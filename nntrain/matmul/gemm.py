"""Matrix products: small ones from the matrices in place, large ones from packed copies, shared by several threads.

Both work tile by tile. Matrices that fit into the level-1 and level-2 caches are read in place, without any overhead
(nntrain.matmul.tiles). Of larger matrices, a part of A is copied so that it stays in the level-2 cache, and a panel of
B, as wide as a tile, so that it stays in the level-1 cache while all tiles of the panel read it. This is as fast as a
BLAS, and faster at the sizes of a network's layers. The numbers in C do not depend on the size of the product, on the
number of threads, or on which BLAS is installed.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.aligned import empty
from nntrain.jit.arrays import address_of, at_address, in_order, view
from nntrain.jit.kernels import by_address, compiled, kernel
from nntrain.jit.lazy import overload, types
from nntrain.jit.mailbox import MAILBOX, PRODUCT, job_of, post, wait_for_workers
from nntrain.matmul.microkernel import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES, packing_tile, panel_tile
from nntrain.matmul.tiles import call_small, multiply_tiles, multiply_tiles_noinline, split_rows
from nntrain.matmul.transpose import transpose_large_tiles

# Multiply-adds from which one thread computes a product from packed copies, and from which two threads share a product
# (also from packed copies). Each further half of the latter adds a thread (measured: benchmarks/README.md).
PACKED_MULTIPLY_ADDS, SHARED_MULTIPLY_ADDS = 4_000_000, 1_000_000
PACKED_BYTES = 512 * 1024  # bytes of A that are packed at once
PACKED_DEPTH = 256  # numbers of each row of A that are packed at once
PADDING = 16  # numbers between packed rows: rows 1024 bytes apart would compete for a few cache lines

PRODUCT_JOB = np.dtype(
    [
        ("a", np.int64),  # address
        ("a_rows", np.int64),
        ("a_columns", np.int64),
        ("a_transposed", np.int64),
        ("b", np.int64),
        ("b_rows", np.int64),
        ("b_columns", np.int64),
        ("b_transposed", np.int64),
        ("biases", np.int64),
        ("n_biases", np.int64),
        ("c", np.int64),
        ("c_rows", np.int64),
        ("c_columns", np.int64),
    ],
    align=True,
)


def new_scratch(dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return memory for the packed copies of one thread."""
    return empty(scratch_size(dtype.itemsize), dtype)


@kernel
def scratch_size(itemsize: int) -> int:
    """Return how many numbers of ``itemsize`` bytes one thread packs at once: a panel of B and a part of A."""
    panel = PACKED_DEPTH * TILE_VECTORS * VECTOR_BYTES // itemsize
    return panel + PACKED_BYTES // (PACKED_DEPTH * itemsize) * (PACKED_DEPTH + PADDING)


def multiply(A: Any, B: Any, b: Any, C: Any, mailbox: Any) -> None:
    """Fill C (M, N) with A (M, K) B (K, N) plus b (N), which may be empty.

    All are in C order, except that A may be a transposed view, and B too if the product is large.
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
        if is_large(C.shape[0], B.size, mailbox[0].n_threads):
            call_large(in_order(A), a_transposed, B, b_transposed, b, C, mailbox)
        else:
            call_small(
                mailbox[0].small_product,
                C,
                address_of(A),
                a_transposed,
                B.shape[0],
                address_of(B),
                address_of(b),
                b.size,
            )

    return implementation


@kernel
def is_large(rows: int, weights: int, n_threads: int) -> bool:
    """Return whether packing pays off for a product of ``rows`` rows of A and ``weights`` numbers of B."""
    threshold = PACKED_MULTIPLY_ADDS if n_threads == 1 else SHARED_MULTIPLY_ADDS
    return rows * weights >= threshold and rows >= 2 * TILE_ROWS


@kernel
def call_large(A, a_transposed, B, b_transposed, b, C, mailbox):
    """Fill C by a separately compiled function, so that its code is not part of that for small products."""
    call_shared(mailbox[0].shared_product, A, a_transposed, B, b_transposed, b, C, mailbox)


@kernel
def multiply_on_one_thread(A, B, b, C, scratch):
    """Fill C with A B plus b, all of them in C order."""
    if is_large(C.shape[0], B.size, 1):
        fill_portion(A, False, B, False, b, C, scratch, 0, 1)
    else:
        multiply_tiles(A, 0, B, 0, b, C, 0, 0, C.shape[1], False)


def SHARED_PRODUCT(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(matrix A, a_transposed, B, b_transposed, b, C, mailbox), as in ``fill_panels``."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, MAILBOX())


call_shared = by_address(SHARED_PRODUCT)


@compiled(SHARED_PRODUCT)
def shared_product(A, a_transposed, B, b_transposed, b, C, mailbox):
    """Fill C in panels, on as many of the pool's threads as the work keeps busy."""
    n_threads = min(mailbox[0].n_threads, max(1, C.shape[0] * B.size // (SHARED_MULTIPLY_ADDS // 2)))
    if n_threads > 1:
        job = job_of(mailbox, PRODUCT_JOB)
        job.a, job.a_rows, job.a_columns, job.a_transposed = address_of(A), A.shape[0], A.shape[1], a_transposed
        job.b, job.b_rows, job.b_columns, job.b_transposed = address_of(B), B.shape[0], B.shape[1], b_transposed
        job.biases, job.n_biases = address_of(b), b.size
        job.c, job.c_rows, job.c_columns = address_of(C), C.shape[0], C.shape[1]
        post(mailbox, PRODUCT, n_threads)
    scratch = at_address(mailbox[0].scratch, (scratch_size(C.itemsize),), C)
    call_panels(mailbox[0].fill_panels, A, a_transposed, B, b_transposed, b, C, scratch, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def work_on_product(mailbox, worker, n_threads, scratch):
    """Compute a worker's part of the product in the mailbox."""
    job = job_of(mailbox, PRODUCT_JOB)
    A = at_address(job.a, (job.a_rows, job.a_columns), scratch)
    B = at_address(job.b, (job.b_rows, job.b_columns), scratch)
    b, C = at_address(job.biases, (job.n_biases,), scratch), at_address(job.c, (job.c_rows, job.c_columns), scratch)
    flags = job.a_transposed != 0, job.b_transposed != 0
    call_panels(mailbox[0].fill_panels, A, flags[0], B, flags[1], b, C, scratch, worker, n_threads)


def PANELS(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(matrix A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads), as in ``fill_panels``."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, F[::1], types.int64, types.int64)


call_panels = by_address(PANELS)


@compiled(PANELS)
def fill_panels(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads):
    """Fill a thread's part of C with A B plus b. A and B are in C order; a flag says to use the transpose instead."""
    fill_portion(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads)


# Typed constants: for literals, Numba would compile ``multiply_tiles_noinline`` once more.
FIRST, NOT_ADDED = np.int64(0), np.bool_(False)


@kernel
def fill_portion(A, a_transposed, B, b_transposed, b, C, scratch, worker, n_threads):
    """Fill a thread's part of C panel by panel.

    The part is a range of C's rows or, if C is more panels wide than tiles high, a range of its columns.
    """
    rows, columns = C.shape
    inner = B.shape[1] if b_transposed else B.shape[0]
    width = TILE_VECTORS * VECTOR_BYTES // C.itemsize
    if -(-rows // TILE_ROWS) >= -(-columns // width):
        top, bottom = portion(rows, TILE_ROWS, worker, n_threads)
        first, last = 0, columns
    else:
        top, bottom = 0, rows
        first, last = portion(columns, width, worker, n_threads)
    if columns <= width and not a_transposed and not b_transposed:  # a copy of A would be read only once
        A_part = view(A, top * inner, (bottom - top, inner))
        multiply_tiles_noinline(A_part, FIRST, B, FIRST, b, C, top, FIRST, columns, NOT_ADDED)
        return
    height = part_size(bottom - top, PACKED_BYTES // (PACKED_DEPTH * C.itemsize * TILE_ROWS) * TILE_ROWS, TILE_ROWS)
    depth = part_size(inner, PACKED_DEPTH, 1)
    packed = scratch[PACKED_DEPTH * width :]
    for i in range(top, bottom, height):
        for k in range(0, inner, depth):
            A_part = view(packed, 0, (min(height, bottom - i), depth + PADDING))
            length = min(depth, inner - k)
            if a_transposed:  # such parts are rarely smaller than a large tile: compile no small ones here
                transpose_large_tiles(A, k, i, length, A_part.shape[0], A_part)
            else:
                for row in range(A_part.shape[0]):
                    source = view(A, (i + row) * inner + k, (length,))
                    target = view(packed, row * (depth + PADDING), (length,))
                    for step in range(length):
                        target[step] = source[step]
            for j in range(first, last, width):
                add_panel(A_part, i, B, b_transposed, k, length, j, b, C, view(scratch, 0, (length, width)))


@kernel
def portion(length, unit, worker, n_threads):
    """Return start and end of a thread's part of a length; starts are multiples of ``unit``."""
    units = -(-length // unit)
    return min(length, units * worker // n_threads * unit), min(length, units * (worker + 1) // n_threads * unit)


@kernel
def part_size(length, most, unit):
    """Return the part size that divides a length evenly into as few parts of at most ``most`` as possible.

    It is a multiple of ``unit``.
    """
    parts = max(1, -(-length // most))
    return max(unit, -(-length // (parts * unit)) * unit)


@kernel
def add_panel(A_part, i, B, b_transposed, k, length, j, b, C, panel):
    """Add to C, from its row ``i`` on, A_part times the panel of B that starts at row ``k`` and column ``j``."""
    width, added = panel.shape[1], k > 0
    columns, packed = min(width, C.shape[1] - j), 0
    whole, _ = split_rows(A_part.shape[0])
    source, start = view(B, k * B.shape[1], (length, B.shape[1])), j
    if b_transposed:
        transpose_large_tiles(B, j, k, columns, length, panel)
        source, start = panel, 0
    elif columns == width and whole > TILE_ROWS:
        packing_tile(A_part, 0, source, j, b, C, i, j, added, panel)
        source, start, packed = panel, 0, TILE_ROWS
    if columns == width:
        for row in range(packed, whole, TILE_ROWS):
            panel_tile(A_part, row, source, start, b, C, i + row, j, added, panel)
        packed = whole
    multiply_tiles_noinline(A_part, packed, source, start, b, C, i, j, j + columns, added)
