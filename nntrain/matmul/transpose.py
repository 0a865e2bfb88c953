"""A matrix turned round, tile by tile in registers.

Numba writes no shuffles of vectors on demand, so that a tile is written in LLVM's language.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.jit.compiler import overload
from nntrain.jit.kernels import kernel
from nntrain.matmul.microkernel import BYTES

# Bytes of a tile's row: as many as a vector's, so that its rows are as many registers and no more, or half as many.
LARGE, SMALL = BYTES, max(16, BYTES // 2)


def turn(W: Any, top: int, left: int, rows: int, columns: int, W_turned: Any) -> None:
    """Fill W_turned's first ``columns`` rows and ``rows`` columns with so many rows and columns of W, turned round."""
    W_turned[:columns, :rows] = W[top : top + rows, left : left + columns].T


@overload(turn)
def _compiled_turn(W, top, left, rows, columns, W_turned):
    def implementation(W, top, left, rows, columns, W_turned):
        if columns * W.itemsize < LARGE:
            in_small_tiles(W, top, left, rows, columns, W_turned)
        else:
            in_large_tiles(W, top, left, rows, columns, W_turned)

    return implementation


def _turning(row_bytes: int) -> Any:
    """Return a compiled function that turns a matrix tile by tile, and what is left beside them number by number."""
    turn_tile = _tile(row_bytes)

    @kernel
    def in_tiles(W, top, left, rows, columns, W_turned):
        side = row_bytes // W.itemsize
        whole_rows, whole_columns = rows // side * side, columns // side * side
        for i in range(0, whole_rows, side):
            for j in range(0, whole_columns, side):
                turn_tile(W, top + i, left + j, W_turned, j, i)
            for j in range(whole_columns, columns):
                for beside in range(side):
                    W_turned[j, i + beside] = W[top + i + beside, left + j]
        for i in range(whole_rows, rows):
            for j in range(columns):
                W_turned[j, i] = W[top + i, left + j]

    return in_tiles


def _tile(row_bytes: int) -> Any:
    """Return a compiled function that turns a square tile of W, from row i and column j on, into one of W_turned.

    Its rows are shuffled into each other, the first half of them with the second, number by number in turn; after as
    many times as two divides their number they are its columns.
    """

    @intrinsic
    def turn_tile(typing_context: Any, W: Any, i: Any, j: Any, W_turned: Any, to_i: Any, to_j: Any) -> Any:
        place = (types.int64, types.int64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            size = W.dtype.bitwidth // 8
            side = row_bytes // size
            half = side // 2
            vector = ir.VectorType(context.get_value_type(W.dtype), side)

            def at(kind: Any, value: Any, row: Any, column: Any) -> Any:
                array = context.make_array(kind)(context, builder, value=value)
                _, columns = cgutils.unpack_tuple(builder, array.shape)
                start = builder.gep(array.data, [builder.add(builder.mul(row, columns), column)])
                return builder.bitcast(start, vector.as_pointer())

            def after(start: Any, steps: int) -> Any:
                return builder.add(start, ir.IntType(64)(steps))

            places = ir.VectorType(ir.IntType(32), side)
            low, high = (
                ir.Constant(places, [place for k in range(start, start + half) for place in (k, side + k)])
                for start in (0, half)
            )
            matrix, row, column, transposed, to_row, to_column = arguments
            lines = [builder.load(at(W, matrix, after(row, k), column), align=size) for k in range(side)]
            for _ in range(side.bit_length() - 1):
                pairs = zip(lines[:half], lines[half:], strict=True)
                lines = [builder.shuffle_vector(a, b, part) for a, b in pairs for part in (low, high)]
            for k, line in enumerate(lines):
                builder.store(line, at(W_turned, transposed, after(to_row, k), to_column), align=size)
            return context.get_dummy_value()

        return types.void(W, *place, W_turned, *place), generate

    return turn_tile


in_large_tiles, in_small_tiles = _turning(LARGE), _turning(SMALL)
