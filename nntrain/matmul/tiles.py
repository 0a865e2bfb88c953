"""Small matrix products, tile by tile from the matrices in place, and the parts of large ones outside panels."""

from typing import Any

from nntrain.jit.arrays import at_address
from nntrain.jit.kernels import by_address, compiled, kernel, noinline
from nntrain.jit.lazy import types
from nntrain.matmul.microkernel import (
    LOW_TILE_ROWS,
    TILE_ROWS,
    TILE_VECTORS,
    VECTOR_BYTES,
    edge_low_tile,
    edge_row,
    edge_tile,
    narrow_low_tile,
    narrow_row,
    narrow_tile,
    wide_low_tile,
    wide_row,
    wide_tile,
)


def SMALL(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(matrix C, address of A, a_transposed, inner, address of B, address of b, b.size).

    Addresses instead of arrays: a matrix is passed as nine arguments, and there are many small products.
    """
    address = types.int64
    return types.void(F[:, ::1], address, types.boolean, types.int64, address, address, types.int64)


call_small = by_address(SMALL)


@compiled(SMALL)
def small_product(C, a, a_transposed, inner, b, biases, n_biases):
    """Fill C with the product of A and B plus the biases, reading the matrices in place.

    It is compiled on its own, so that the tiles are compiled once and not into every caller.
    """
    (rows, columns), bias = C.shape, at_address(biases, (n_biases,), C)
    B = at_address(b, (inner, columns), C)
    if a_transposed:
        multiply_tiles(at_address(a, (inner, rows), C).T, 0, B, 0, bias, C, 0, 0, columns, False)
    else:
        multiply_tiles(at_address(a, (rows, inner), C), 0, B, 0, bias, C, 0, 0, columns, False)


@kernel
def split_rows(rows):
    """Return where the tiles of TILE_ROWS end, and the tiles of LOW_TILE_ROWS after them; the rest are single rows."""
    rest = rows % TILE_ROWS
    if rest % LOW_TILE_ROWS > (rest + TILE_ROWS) % LOW_TILE_ROWS and rows > TILE_ROWS:
        rest += TILE_ROWS  # two low tiles of four rows are better than one of six rows and two single rows
    return rows - rest, rows - rest % LOW_TILE_ROWS


def _in_rows(tile: Any, low_tile: Any, one_row: Any) -> Any:
    """Return a compiled function that fills a tile's columns of C, for all rows of A from ``first`` on."""

    @kernel
    def in_rows(A, first, B, column, b, C, i, j, added):
        whole, low = split_rows(A.shape[0] - first)
        for row in range(first, first + whole, TILE_ROWS):
            tile(A, row, B, column, b, C, i + row, j, added, B)
        for row in range(first + whole, first + low, LOW_TILE_ROWS):
            low_tile(A, row, B, column, b, C, i + row, j, added, B)
        for row in range(first + low, A.shape[0]):
            one_row(A, row, B, column, b, C, i + row, j, added, B)

    return in_rows


wide = _in_rows(wide_tile, wide_low_tile, wide_row)
edge = _in_rows(edge_tile, edge_low_tile, edge_row)
narrow = _in_rows(narrow_tile, narrow_low_tile, narrow_row)


@kernel
def multiply_tiles(A, first, B, column, b, C, i, j, stop, added):
    """Fill a part of C tile by tile, from left to right, and from top to bottom within that.

    The part is C's rows from ``i`` + ``first`` on, computed from A's rows from ``first`` on, and C's columns from ``j``
    to ``stop``, computed from B's columns from ``column`` on. ``stop`` is the end of C's columns, or a whole number of
    tiles after ``j``. If ``added``, the product is added to C.
    """
    lanes = VECTOR_BYTES // C.itemsize
    width, shift = TILE_VECTORS * lanes, column - j
    while stop - j >= width:
        wide(A, first, B, shift + j, b, C, i, j, added)
        j += width
    if stop - j > lanes:
        edge(A, first, B, shift + j, b, C, i, j, added)
    elif stop > j:
        narrow(A, first, B, shift + j, b, C, i, j, added)


@noinline
def multiply_tiles_noinline(A, first, B, column, b, C, i, j, stop, added):
    """Do the same as ``multiply_tiles``, for what is left beside and below panels."""
    multiply_tiles(A, first, B, column, b, C, i, j, stop, added)
