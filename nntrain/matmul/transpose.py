"""The transpose of a matrix, tile by tile in registers.

Numba cannot be told to shuffle vectors, so a tile is written in LLVM IR.
"""

from typing import Any

from nntrain.jit.kernels import kernel
from nntrain.jit.lazy import cgutils, intrinsic, ir, overload, types
from nntrain.matmul.microkernel import VECTOR_BYTES

# Bytes of a tile's row: a whole vector, so that each row fills one register, or half a vector.
LARGE_TILE_BYTES, SMALL_TILE_BYTES = VECTOR_BYTES, max(16, VECTOR_BYTES // 2)


def transpose(W: Any, top: int, left: int, rows: int, columns: int, transposed: Any) -> None:
    """Fill ``transposed`` with the transpose of a part of W: ``rows`` by ``columns``, from (``top``, ``left``) on."""
    transposed[:columns, :rows] = W[top : top + rows, left : left + columns].T


@overload(transpose)
def _compiled_transpose(W, top, left, rows, columns, transposed):
    def implementation(W, top, left, rows, columns, transposed):
        if columns * W.itemsize < LARGE_TILE_BYTES:
            transpose_small_tiles(W, top, left, rows, columns, transposed)
        else:
            transpose_large_tiles(W, top, left, rows, columns, transposed)

    return implementation


def _by_tiles(row_bytes: int) -> Any:
    """Return a compiled function that transposes a matrix by tiles, and the rest number by number."""
    transpose_tile = _tile(row_bytes)

    @kernel
    def by_tiles(W, top, left, rows, columns, transposed):
        side = row_bytes // W.itemsize
        whole_rows, whole_columns = rows // side * side, columns // side * side
        for i in range(0, whole_rows, side):
            for j in range(0, whole_columns, side):
                transpose_tile(W, top + i, left + j, transposed, j, i)
            for j in range(whole_columns, columns):
                for k in range(side):
                    transposed[j, i + k] = W[top + i + k, left + j]
        for i in range(whole_rows, rows):
            for j in range(columns):
                transposed[j, i] = W[top + i, left + j]

    return by_tiles


def _tile(row_bytes: int) -> Any:
    """Return a compiled function that transposes a square tile, from (i, j) in W to (to_i, to_j) in ``transposed``.

    Each step interleaves the first half of the rows with the second half, element by element. After log2(side) steps
    the rows are the columns.
    """

    @intrinsic
    def transpose_tile(typing_context: Any, W: Any, i: Any, j: Any, transposed: Any, to_i: Any, to_j: Any) -> Any:
        index = (types.int64, types.int64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            size = W.dtype.bitwidth // 8
            side = row_bytes // size
            half = side // 2
            vector = ir.VectorType(context.get_value_type(W.dtype), side)

            def pointer_to(kind: Any, value: Any, row: Any, column: Any) -> Any:
                array = context.make_array(kind)(context, builder, value=value)
                _, columns = cgutils.unpack_tuple(builder, array.shape)
                start = builder.gep(array.data, [builder.add(builder.mul(row, columns), column)])
                return builder.bitcast(start, vector.as_pointer())

            def plus(start: Any, steps: int) -> Any:
                return builder.add(start, ir.IntType(64)(steps))

            lanes = ir.VectorType(ir.IntType(32), side)
            low, high = (
                ir.Constant(lanes, [lane for k in range(start, start + half) for lane in (k, side + k)])
                for start in (0, half)
            )
            source, row, column, target, to_row, to_column = arguments
            lines = [builder.load(pointer_to(W, source, plus(row, k), column), align=size) for k in range(side)]
            for _ in range(side.bit_length() - 1):
                pairs = zip(lines[:half], lines[half:], strict=True)
                lines = [builder.shuffle_vector(a, b, mask) for a, b in pairs for mask in (low, high)]
            for k, line in enumerate(lines):
                builder.store(line, pointer_to(transposed, target, plus(to_row, k), to_column), align=size)
            return context.get_dummy_value()

        return types.void(W, *index, transposed, *index), generate

    return transpose_tile


transpose_large_tiles, transpose_small_tiles = _by_tiles(LARGE_TILE_BYTES), _by_tiles(SMALL_TILE_BYTES)
