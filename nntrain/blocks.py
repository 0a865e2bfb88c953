"""Small matrix products, block by block as the matrices lie, and what is left of large ones beside their panels."""

from typing import Any

from numba import types

from nntrain.kernels import apart, by_address, entry, kernel, stay_apart
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
    wide_block,
    wide_few,
    wide_row,
)
from nntrain.views import at_address


def SMALL(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix C, address of A, a_turned, inner, address of B, address of b, b.size).

    Numbers and not arrays: an array is nine arguments, and small products are many.
    """
    place = types.int64
    return types.void(F[:, ::1], place, types.boolean, place, place, place, place)


call_small = by_address(SMALL)


@entry(SMALL)
def small_product(C, a, a_turned, inner, b, biases, n_biases):  # type: ignore[no-untyped-def]
    """Fill C with the product of A and B as they lie, plus the biases.

    An entry of its own, so that blocks are compiled here once and not into everyone who multiplies: that took a minute.
    """
    (rows, columns), bias = C.shape, at_address(biases, (n_biases,), C)
    B = at_address(b, (inner, columns), C)
    if a_turned:
        in_blocks(at_address(a, (inner, rows), C).T, 0, B, 0, bias, C, 0, 0, columns, False)
    else:
        in_blocks(at_address(a, (rows, inner), C), 0, B, 0, bias, C, 0, 0, columns, False)


@kernel
def in_blocks(A, first, B, column, b, C, i, j, stop, onto):  # type: ignore[no-untyped-def]
    """Fill C block by block, from the left to the right and in that from above.

    That is C's rows from ``i`` + ``first`` on by A's rows from ``first`` on, and its columns from ``j`` to ``stop``,
    which is C's end or whole blocks on, by B's columns from ``column`` on; added to what is there if ``onto``.
    """
    width, rows, shift = VECTORS * BYTES // C.itemsize, A.shape[0], column - j
    whole, few = row_blocks(rows - first)
    whole, few = whole + first, few + first
    while stop - j >= width:
        for row in range(first, whole, ROWS):
            wide_block(A, row, B, shift + j, b, C, i + row, j, onto, B)
        for row in range(whole, few, FEW):
            wide_few(A, row, B, shift + j, b, C, i + row, j, onto, B)
        for row in range(few, rows):
            wide_row(A, row, B, shift + j, b, C, i + row, j, onto, B)
        j += width
    if stop > j:
        last_columns(A, first, whole, few, B, shift + j, b, C, i, j, onto)


@kernel
def last_columns(A, first, whole, few, B, column, b, C, i, j, onto):  # type: ignore[no-untyped-def]
    """Fill C's last columns from ``j`` on, fewer than a block has: of one vector or two, of which the last is cut."""
    rows = A.shape[0]
    if C.shape[1] - j > BYTES // C.itemsize:
        for row in range(first, whole, ROWS):
            last_block(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(whole, few, FEW):
            last_few(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(few, rows):
            last_row(A, row, B, column, b, C, i + row, j, onto, B)
    else:
        for row in range(first, whole, ROWS):
            narrow_block(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(whole, few, FEW):
            narrow_few(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(few, rows):
            narrow_row(A, row, B, column, b, C, i + row, j, onto, B)


@apart
def in_blocks_apart(A, first, B, column, b, C, i, j, stop, onto):  # type: ignore[no-untyped-def]
    """Do the same, for what is left beside and below panels."""
    stay_apart()
    in_blocks(A, first, B, column, b, C, i, j, stop, onto)


@kernel
def row_blocks(rows):  # type: ignore[no-untyped-def]
    """Return where the blocks of ROWS rows end, and where those of FEW rows after them, with few rows left over."""
    rest = rows % ROWS
    if rest % FEW > (rest + ROWS) % FEW and rows > ROWS:  # as eight rows are better than six and two
        rest += ROWS
    return rows - rest, rows - rest % FEW
