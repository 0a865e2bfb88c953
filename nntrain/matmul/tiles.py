"""Small matrix products, block by block as the matrices lie, and what is left of large ones beside their panels."""

from typing import Any

from numba import types

from nntrain.jit.arrays import at_address
from nntrain.jit.kernels import by_address, compiled, kernel, noinline, stay_apart
from nntrain.matmul.microkernel import (
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


def SMALL(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(matrix C, address of A, a_turned, inner, address of B, address of b, b.size).

    Numbers and not arrays: an array is nine arguments, and small products are many.
    """
    place = types.int64
    return types.void(F[:, ::1], place, types.boolean, place, place, place, place)


call_small = by_address(SMALL)


@compiled(SMALL)
def small_product(C, a, a_transposed, inner, b, biases, n_biases):
    """Fill C with the product of A and B as they lie, plus the biases.

    An entry of its own, so that blocks are compiled here once and not into everyone who multiplies.
    """
    (rows, columns), bias = C.shape, at_address(biases, (n_biases,), C)
    B = at_address(b, (inner, columns), C)
    if a_transposed:
        in_blocks(at_address(a, (inner, rows), C).T, 0, B, 0, bias, C, 0, 0, columns, False)
    else:
        in_blocks(at_address(a, (rows, inner), C), 0, B, 0, bias, C, 0, 0, columns, False)


@kernel
def row_blocks(rows):
    """Return where the blocks of ROWS rows end, and where those of FEW rows after them, with few rows left over."""
    rest = rows % ROWS
    if rest % FEW > (rest + ROWS) % FEW and rows > ROWS:  # as eight rows are better than six and two
        rest += ROWS
    return rows - rest, rows - rest % FEW


def _in_rows(block: Any, block_of_few: Any, block_of_one: Any) -> Any:
    """Return a compiled function that fills the columns of a block in all of C's rows that A has from ``first`` on."""

    @kernel
    def in_rows(A, first, B, column, b, C, i, j, onto):
        whole, few = row_blocks(A.shape[0] - first)
        for row in range(first, first + whole, ROWS):
            block(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(first + whole, first + few, FEW):
            block_of_few(A, row, B, column, b, C, i + row, j, onto, B)
        for row in range(first + few, A.shape[0]):
            block_of_one(A, row, B, column, b, C, i + row, j, onto, B)

    return in_rows


wide, last = _in_rows(wide_block, wide_few, wide_row), _in_rows(last_block, last_few, last_row)
narrow = _in_rows(narrow_block, narrow_few, narrow_row)


@kernel
def in_blocks(A, first, B, column, b, C, i, j, stop, onto):
    """Fill C block by block, from the left to the right and in that from above.

    That is C's rows from ``i`` + ``first`` on by A's rows from ``first`` on, and its columns from ``j`` to ``stop``,
    which is C's end or whole blocks on, by B's columns from ``column`` on; added to what is there if ``onto``.
    """
    lanes = BYTES // C.itemsize
    width, shift = VECTORS * lanes, column - j
    while stop - j >= width:
        wide(A, first, B, shift + j, b, C, i, j, onto)
        j += width
    if stop - j > lanes:
        last(A, first, B, shift + j, b, C, i, j, onto)
    elif stop > j:
        narrow(A, first, B, shift + j, b, C, i, j, onto)


@noinline
def in_blocks_apart(A, first, B, column, b, C, i, j, stop, onto):
    """Do the same, for what is left beside and below panels."""
    stay_apart()
    in_blocks(A, first, B, column, b, C, i, j, stop, onto)
