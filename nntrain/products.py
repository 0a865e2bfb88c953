"""Matrix products: small ones as they lie, large ones from copies that fit into the caches, by several threads.

Both go block by block (nntrain.registers). Matrices that lie in the first two caches are read where they are, with no
overhead. Of larger ones a part of A is copied into the second cache, and a panel of B, as wide as a block, into the
first, which every block of the panel then reads. That is as fast as a BLAS, faster at the sizes of a network's layers,
and gives the same numbers whatever the size, the processor's threads, and the BLAS that is installed.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload, register_jitable
from numpy.typing import NDArray

from nntrain.kernels import INLINE, by_address, entry, kernel
from nntrain.memory import empty
from nntrain.registers import (
    BYTES,
    FEW,
    ROWS,
    VECTORS,
    last_block,
    last_few,
    last_row,
    narrow_block,
    narrow_few,
    narrow_row,
    packing_block,
    panel_block,
    wide_block,
    wide_few,
    wide_row,
)
from nntrain.signals import BOARD, HANDS, JOB, LARGE_PRODUCT, PANELS_OF, PRODUCT, ROOM, post, wait_for_the_others
from nntrain.turning import turn
from nntrain.views import address_of, at_address, in_order, view

# Multiply-adds from which on a product is made of copies by one thread, and from which on two threads share it, more
# threads for each half of that (measured: benchmarks/README.md).
LARGE, SHARED = 4_000_000, 1_000_000
COPY = 512 * 1024  # bytes of A that are copied at once
DEEP = 256  # numbers of each of its rows
PAD = 16  # numbers between the rows: at a distance of 1024 bytes they would share a few lines of the cache


def room_for_copies(dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return room for the copies that one thread makes."""
    return empty(copied_numbers(dtype.itemsize), dtype)


@register_jitable
def copied_numbers(size: int) -> int:
    """Return how many numbers of so many bytes one thread copies at once: a panel of B, and part of A."""
    return DEEP * VECTORS * BYTES // size + COPY // (DEEP * size) * (DEEP + PAD)


def multiply(A: Any, B: Any, b: Any, C: Any, board: Any) -> None:
    """Fill C (M, N) with A (M, K) B (K, N) plus b (N), which may be empty.

    All are in C's order, but A may be a transpose, and of a large product B too.
    """
    np.dot(A, B, out=C)
    if b.size > 0:
        C += b


@overload(multiply, jit_options=INLINE)
def _compiled_multiply(A, B, b, C, board):  # type: ignore[no-untyped-def]
    a_turned, b_turned = A.layout == "F", B.layout == "F"
    if b_turned:
        return lambda A, B, b, C, board: call_large(in_order(A), a_turned, in_order(B), b_turned, b, C, board)

    def compiled(A, B, b, C, board):  # type: ignore[no-untyped-def]
        if is_large(C.shape[0], B.size, board[HANDS]):
            call_large(in_order(A), a_turned, B, b_turned, b, C, board)
        else:
            in_blocks(A, B, b, C)

    return compiled


@register_jitable
def is_large(rows: int, weights: int, hands: int) -> bool:
    """Return whether copies pay for a product of so many rows of A with so many numbers of B, for so many threads."""
    return rows * weights >= (LARGE if hands == 1 else SHARED) and rows >= 2 * ROWS


@kernel
def call_large(A, a_turned, B, b_turned, b, C, board):  # type: ignore[no-untyped-def]
    """Fill C by an entry of its own: what small products do not need would only be in their way."""
    call_shared(board[LARGE_PRODUCT], A, a_turned, B, b_turned, b, C, board)


@kernel
def in_blocks(A, B, b, C):  # type: ignore[no-untyped-def]
    """Fill C block by block, from the left to the right and in that from above."""
    width = VECTORS * BYTES // C.itemsize
    wide = C.shape[1] // width * width
    whole, few = row_blocks(C.shape[0])
    for j in range(0, wide, width):
        for i in range(0, whole, ROWS):
            wide_block(A, i, B, j, b, C, i, j, False, B)
        for i in range(whole, few, FEW):
            wide_few(A, i, B, j, b, C, i, j, False, B)
        for i in range(few, C.shape[0]):
            wide_row(A, i, B, j, b, C, i, j, False, B)
    last_columns(A, B, wide, b, C, 0, wide, False)


@kernel
def row_blocks(rows):  # type: ignore[no-untyped-def]
    """Return where the blocks of ROWS rows end, and where those of FEW rows after them, with few rows left over."""
    rest = rows % ROWS
    if rest % FEW > (rest + ROWS) % FEW and rows > ROWS:  # as eight rows are better than six and two
        rest += ROWS
    return rows - rest, rows - rest % FEW


@kernel
def last_columns(A, B, column, b, C, i, j, onto):  # type: ignore[no-untyped-def]
    """Fill C from column ``j`` on, where fewer are left than a block has, and from row ``i`` on, as many as A has."""
    rows, left = A.shape[0], C.shape[1] - j
    whole, few = row_blocks(rows)
    if left > BYTES // C.itemsize:
        for row in range(0, whole, ROWS):
            last_block(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(whole, few, FEW):
            last_few(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(few, rows):
            last_row(A, row, B, column, b, C, i + row, j, onto, B)
    elif left > 0:
        for row in range(0, whole, ROWS):
            narrow_block(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(whole, few, FEW):
            narrow_few(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(few, rows):
            narrow_row(A, row, B, column, b, C, i + row, j, onto, B)


@kernel
def multiply_alone(A, B, b, C, room):  # type: ignore[no-untyped-def]
    """Fill C with A B plus b, all of them in order, on this thread."""
    if is_large(C.shape[0], B.size, 1):
        fill_panels(A, False, B, False, b, C, room, 0, 1)
    else:
        in_blocks(A, B, b, C)


def SHARED_PRODUCT(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix A, a_turned, B, b_turned, b, C, board), as ``in_panels`` has them."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, BOARD)


call_shared = by_address(SHARED_PRODUCT)


@entry(SHARED_PRODUCT)
def shared_product(A, a_turned, B, b_turned, b, C, board):  # type: ignore[no-untyped-def]
    """Fill C in panels, with as many threads as there are and can be fed."""
    hands = min(board[HANDS], max(1, C.shape[0] * B.size // (SHARED // 2)))
    if hands > 1:
        job = board[JOB:]
        job[0], job[1], job[2], job[3], job[4] = address_of(A), A.shape[0], A.shape[1], a_turned, b_turned
        job[5], job[6], job[7], job[8], job[9] = address_of(B), B.shape[0], B.shape[1], address_of(b), b.size
        job[10], job[11], job[12] = address_of(C), C.shape[0], C.shape[1]
        post(board, PRODUCT, hands)
    room = at_address(board[ROOM], (copied_numbers(C.itemsize),), C)
    call_panels(board[PANELS_OF], A, a_turned, B, b_turned, b, C, room, 0, hands)
    if hands > 1:
        wait_for_the_others(board)


@kernel
def part_of_product(board, hand, hands, room):  # type: ignore[no-untyped-def]
    """Do one hand's part of the product on the board."""
    job = board[JOB:]
    A, B = at_address(job[0], (job[1], job[2]), room), at_address(job[5], (job[6], job[7]), room)
    b, C = at_address(job[8], (job[9],), room), at_address(job[10], (job[11], job[12]), room)
    call_panels(board[PANELS_OF], A, job[3] != 0, B, job[4] != 0, b, C, room, hand, hands)


def PANELS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix A, a_turned, B, b_turned, b, C, room, hand, hands), as ``in_panels`` has them."""
    matrix, flag = F[:, ::1], types.boolean
    return types.void(matrix, flag, matrix, flag, F[::1], matrix, F[::1], types.int64, types.int64)


call_panels = by_address(PANELS)


@entry(PANELS)
def in_panels(A, a_turned, B, b_turned, b, C, room, hand, hands):  # type: ignore[no-untyped-def]
    """Fill a hand's part of C with the product of A and B, each of them in order, or turned round to be multiplied."""
    fill_panels(A, a_turned, B, b_turned, b, C, room, hand, hands)


@kernel
def fill_panels(A, a_turned, B, b_turned, b, C, room, hand, hands):  # type: ignore[no-untyped-def]
    """Fill a hand's part of C panel by panel.

    It is some of C's rows or, where there are more panels than blocks of rows, of its columns.
    """
    rows, columns = C.shape
    inner = B.shape[1] if b_turned else B.shape[0]
    width = VECTORS * BYTES // C.itemsize
    if -(-rows // ROWS) >= -(-columns // width):
        top, bottom = portion(rows, ROWS, hand, hands)
        first, last = 0, columns
    else:
        top, bottom = 0, rows
        first, last = portion(columns, width, hand, hands)
    if columns <= width and not a_turned and not b_turned:  # a copy of A would be read once
        in_blocks(view(A, top * inner, (bottom - top, inner)), B, b, view(C, top * columns, (bottom - top, columns)))
        return
    tall, deep = even(bottom - top, COPY // (DEEP * C.itemsize * ROWS) * ROWS, ROWS), even(inner, DEEP, 1)
    copy = room[DEEP * width :]
    for i in range(top, bottom, tall):
        for k in range(0, inner, deep):
            A_part = view(copy, 0, (min(tall, bottom - i), deep + PAD))
            depth = min(deep, inner - k)
            if a_turned:
                turn(A, k, i, depth, A_part.shape[0], A_part)
            else:
                for row in range(A_part.shape[0]):
                    line, into = view(A, (i + row) * inner + k, (depth,)), view(copy, row * (deep + PAD), (depth,))
                    for step in range(depth):
                        into[step] = line[step]
            for j in range(first, last, width):
                in_panel(A_part, i, B, b_turned, k, depth, j, b, C, view(room, 0, (depth, width)))


@kernel
def portion(length, unit, hand, hands):  # type: ignore[no-untyped-def]
    """Return from where to where a hand's part of a length goes, in whole units but for the end."""
    units = -(-length // unit)
    return min(length, units * hand // hands * unit), min(length, units * (hand + 1) // hands * unit)


@kernel
def even(length, most, unit):  # type: ignore[no-untyped-def]
    """Return the length of a part where ``length`` is cut into as few equal ones as there can be, in whole units."""
    parts = max(1, -(-length // most))
    return max(unit, -(-length // (parts * unit)) * unit)


@kernel
def in_panel(A_part, i, B, b_turned, k, depth, j, b, C, panel):  # type: ignore[no-untyped-def]
    """Add A_part's product with a panel of B, which begins at row ``k`` and column ``j``, to C from row ``i`` on."""
    width, onto = panel.shape[1], k > 0
    columns, packed = min(width, C.shape[1] - j), 0
    whole, few = row_blocks(A_part.shape[0])
    source, start = view(B, k * B.shape[1], (depth, B.shape[1])), j
    if b_turned:
        turn(B, j, k, columns, depth, panel)
        source, start = panel, 0
    elif columns == width and whole > ROWS:
        packing_block(A_part, 0, source, j, b, C, i, j, onto, panel)
        source, start, packed = panel, 0, ROWS
    if columns < width:
        last_columns(A_part, source, start, b, C, i, j, onto)
        return
    for row in range(packed, whole, ROWS):
        panel_block(A_part, row, source, start, b, C, i + row, j, onto, panel)
    for row in range(whole, few, FEW):
        wide_few(A_part, row, source, start, b, C, i + row, j, onto, panel)
    for row in range(few, A_part.shape[0]):
        wide_row(A_part, row, source, start, b, C, i + row, j, onto, panel)
