"""The microkernel: a tile of a matrix product that is computed in registers.

A tile covers a few rows of C and up to two vectors of its columns. It stays in registers while the loop runs over the
inner dimension: each number of A is multiplied by the vectors of B's row. Each number of C is one chain of
multiply-adds in the order of the inner dimension, whatever the size of the tile: products are bit-identical however
they are cut into tiles.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008; the tile is that of BLIS's
microkernels. Numba cannot be told which vector instructions to use, so the tile is written in LLVM IR.
"""

from typing import Any

from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

from nntrain.jit.lazy import cgutils, intrinsic, ir, types

FEATURES = _multiarray_umath.__cpu_features__  # as NumPy detects them: importing LLVM takes 0.1 s
VECTOR_BYTES = 64 if FEATURES.get("AVX512F") else 32 if FEATURES.get("AVX") else 16
TILE_ROWS = 6 if VECTOR_BYTES == 32 else 8  # AVX has 16 registers, the others 32
LOW_TILE_ROWS = 4  # rows of the tiles at the bottom of C; in a tile of one row, each sum waits for the one before
TILE_VECTORS = 2  # of columns
# Masked stores of vectors of this size run at full speed; shorter ones take a dozen cycles on AMD.
MASKED_STORE_BYTES = 64
# Rows of B per iteration of the loop, in tiles of small and of large products. With one row more, the loop
# does not fit into the processor's cache of decoded instructions: with four rows it is half as fast.
UNROLL, UNROLL_LARGE = 2, 3


def _tile(rows: int, vectors: int, partial: bool = False, packs: bool = False, prefetches: bool = False) -> Any:
    """Return a compiled function that fills a tile of C: ``rows`` from ``row`` on, ``vectors`` from ``column`` on.

    Its arguments are A and its first row to multiply; B, whose number of rows is the inner dimension, and its first
    column; the biases, which may be empty; C, ``row`` and ``column``; whether the tile is added to C, without biases;
    and ``panel``.

    Args:
        rows: number of rows of the tile.
        vectors: number of vectors in each of its rows.
        partial: whether C may end within the tile's last vector.
        packs: whether the tile copies what it reads of B to ``panel`` (rows of B, the tile's columns), and prefetches
            what the next tile needs of B.
        prefetches: whether the tile prefetches the tile of C below.
    """

    @intrinsic
    def tile(
        typing_context: Any,
        A: Any,
        row_of_a: Any,
        B: Any,
        column_of_b: Any,
        b: Any,
        C: Any,
        row: Any,
        column: Any,
        added: Any,
        panel: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            writer = _Writer(context, builder, signature.args, arguments, (partial, packs, prefetches))
            writer.tile(rows, vectors)
            return context.get_dummy_value()

        index = types.int64
        return types.void(A, index, B, index, b, C, index, index, types.boolean, panel), generate

    return tile


class _Writer:
    """Writes the LLVM instructions of a tile."""

    def __init__(self, context: Any, builder: Any, kinds: Any, values: Any, options: tuple[bool, bool, bool]) -> None:
        self.builder, (self.partial, self.packs, self.prefetches) = builder, options
        self.int32, self.int64, self.byte_pointer = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()
        self.unroll = UNROLL_LARGE if self.prefetches else UNROLL
        self.a, self.b, self.biases, self.c, self.panel = (
            context.make_array(kinds[index])(context, builder, value=values[index]) for index in (0, 2, 4, 5, 9)
        )
        self.row_of_a, self.column_of_b, self.row, self.column, self.added = (
            values[index] for index in (1, 3, 6, 7, 8)
        )
        self.layout, number = kinds[0].layout, kinds[5].dtype
        self.size = number.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.size
        self.vector = ir.VectorType(context.get_value_type(number), self.lanes)
        self.zeros = ir.Constant(self.vector, None)

    def shape(self, array: Any) -> Any:
        """Return the shape of an array."""
        return cgutils.unpack_tuple(self.builder, array.shape)

    def plus(self, start: Any, steps: int) -> Any:
        """Return an index plus a constant."""
        return self.builder.add(start, self.int64(steps))

    def at(self, array: Any, row: Any, column: Any) -> Any:
        """Return a pointer to an element of a matrix in C order."""
        _, columns = self.shape(array)
        return self.builder.gep(array.data, [self.builder.add(self.builder.mul(row, columns), column)])

    def of_a(self, row: Any, k: Any) -> Any:
        """Return a pointer to an element of A, which may be the transpose of a matrix in C order.

        Strides that are known at compile time become part of the instruction.
        """
        builder = self.builder
        across, along = cgutils.unpack_tuple(builder, self.a.strides)
        across = self.int64(self.size) if self.layout == "F" else across
        along = self.int64(self.size) if self.layout == "C" else along
        start = builder.gep(builder.bitcast(self.a.data, self.byte_pointer), [builder.mul(row, across)])
        return builder.bitcast(builder.gep(start, [builder.mul(k, along)]), self.a.data.type)

    def broadcast(self, number: Any, kind: Any) -> Any:
        """Return a vector with one number in all lanes."""
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), number, self.int32(0))
        zeros = ir.Constant(ir.VectorType(self.int32, self.lanes), None)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def columns_left(self, vector: int) -> Any:
        """Return how many columns of C are left from the start of a vector of the tile."""
        _, columns = self.shape(self.c)
        return self.builder.sub(columns, self.plus(self.column, vector * self.lanes))

    def is_partial(self, vector: int) -> bool:
        """Return whether C may end within a vector of the tile."""
        return self.partial and vector == self.vectors - 1

    def load(self, pointer: Any, vector: int) -> Any:
        """Load a vector of the tile at a pointer, but nothing beyond C's columns."""
        pointer = self.to_vector(pointer, self.lanes)
        if not self.is_partial(vector):
            return self.builder.load(pointer, align=self.size)
        return self.masked("load", self.vector, [pointer, self.int32(self.size), self.mask(vector), self.zeros])

    def mask(self, vector: int) -> Any:
        """Return which lanes of a vector of the tile lie within C's columns."""
        lanes = ir.VectorType(self.int64, self.lanes)
        columns_left = self.broadcast(self.columns_left(vector), lanes)
        return self.builder.icmp_signed("<", ir.Constant(lanes, list(range(self.lanes))), columns_left)

    def masked(self, verb: str, returns: Any, arguments: Any) -> Any:
        """Load or store the lanes of a vector that a mask selects."""
        kind = ir.FunctionType(returns, [argument.type for argument in arguments])
        name = f"llvm.masked.{verb}.v{self.lanes}f{8 * self.size}.p0"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), arguments)

    def to_vector(self, pointer: Any, lanes: int) -> Any:
        """Cast a pointer to a number to a pointer to a vector."""
        return self.builder.bitcast(pointer, ir.VectorType(self.vector.element, lanes).as_pointer())

    def store(self, values: list[Any], pointers: list[Any]) -> None:
        """Store vectors at pointers."""
        for value, pointer in zip(values, pointers, strict=True):
            self.builder.store(value, self.to_vector(pointer, value.type.count), align=self.size)

    def store_partial(self, values: list[Any], pointers: list[Any], vector: int) -> None:
        """Store a vector of each row at pointers, but nothing beyond C's columns."""
        builder, columns_left = self.builder, self.columns_left(vector)
        if VECTOR_BYTES == MASKED_STORE_BYTES:
            for value, pointer in zip(values, pointers, strict=True):
                pointer = self.to_vector(pointer, self.lanes)
                self.masked("store", ir.VoidType(), [value, pointer, self.int32(self.size), self.mask(vector)])
            return
        with builder.if_else(builder.icmp_signed(">=", columns_left, self.int64(self.lanes))) as (whole, part):
            with whole:
                self.store(values, pointers)
            with part:  # half a vector if that many columns are left, then a quarter, and so on
                written, half = self.int64(0), self.lanes // 2
                while half:
                    wanted = builder.icmp_signed("!=", builder.and_(columns_left, self.int64(half)), self.int64(0))
                    halves = [self.lanes_of(value, range(half)) for value in values]
                    with builder.if_then(wanted):
                        self.store(halves, [builder.gep(pointer, [written]) for pointer in pointers])
                    others = [self.lanes_of(value, range(half, 2 * half)) for value in values]
                    values = [builder.select(wanted, *pair) for pair in zip(others, halves, strict=True)]
                    written = builder.select(wanted, self.plus(written, half), written)
                    half //= 2

    def lanes_of(self, value: Any, lanes: range) -> Any:
        """Return some lanes of a vector as a shorter one."""
        mask = ir.Constant(ir.VectorType(self.int32, len(lanes)), list(lanes))
        return self.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)

    def prefetch(self, pointer: Any) -> None:
        """Prefetch a pointer's cache line into the level-2 cache."""
        kind = ir.FunctionType(ir.VoidType(), [self.byte_pointer, self.int32, self.int32, self.int32])
        function = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0")
        self.builder.call(
            function, [self.builder.bitcast(pointer, self.byte_pointer), self.int32(0), self.int32(2), self.int32(1)]
        )

    def tile(self, rows: int, vectors: int) -> None:
        """Fill the tile: start from C, the biases or zero, and add the rows of B one by one."""
        builder = self.builder
        offsets = [v * self.lanes for v in range(vectors)]
        self.vectors = vectors
        sums = [[cgutils.alloca_once_value(builder, self.zeros) for _ in offsets] for _ in range(rows)]
        in_c = [
            [self.at(self.c, self.plus(self.row, r), self.plus(self.column, offset)) for offset in offsets]
            for r in range(rows)
        ]
        if self.prefetches:
            for r in range(rows):
                for offset in offsets:
                    below = self.at(self.c, self.plus(self.row, rows + r), self.plus(self.column, offset))
                    self.prefetch(below)
        (biases,) = self.shape(self.biases)
        with builder.if_else(self.added) as (added, new):
            with added:
                for row_sums, pointers in zip(sums, in_c, strict=True):
                    for v, (total, pointer) in enumerate(zip(row_sums, pointers, strict=True)):
                        builder.store(self.load(pointer, v), total)
            with new, builder.if_then(builder.icmp_signed(">", biases, self.int64(0))):
                for v, offset in enumerate(offsets):
                    bias = self.load(builder.gep(self.biases.data, [self.plus(self.column, offset)]), v)
                    for row_sums in sums:
                        builder.store(bias, row_sums[v])
        inner, _ = self.shape(self.b)
        whole = builder.mul(builder.sdiv(inner, self.int64(self.unroll)), self.int64(self.unroll))
        with cgutils.for_range_slice(builder, self.int64(0), whole, self.int64(self.unroll)) as (k, _):
            for step in range(self.unroll):
                self.add(sums, offsets, self.plus(k, step))
        with cgutils.for_range_slice(builder, whole, inner, self.int64(1)) as (k, _):
            self.add(sums, offsets, k)
        for v in range(vectors):
            values, pointers = [builder.load(row[v]) for row in sums], [row[v] for row in in_c]
            if self.is_partial(v):
                self.store_partial(values, pointers, v)
            else:
                self.store(values, pointers)

    def add(self, sums: list[list[Any]], offsets: list[int], k: Any) -> None:
        """Add to the sums the products of A's column k and B's row k."""
        builder = self.builder
        in_b = [
            self.load(self.at(self.b, k, self.plus(self.column_of_b, offset)), v) for v, offset in enumerate(offsets)
        ]
        if self.packs:
            for vector, offset in zip(in_b, offsets, strict=True):
                self.store([vector], [self.at(self.panel, k, self.int64(offset))])
                beside = self.plus(self.column_of_b, len(offsets) * self.lanes + offset)
                self.prefetch(self.at(self.b, k, beside))
        for r, row_sums in enumerate(sums):
            number = builder.load(self.of_a(self.plus(self.row_of_a, r), k))
            factor = self.broadcast(number, self.vector)
            for total, vector in zip(row_sums, in_b, strict=True):
                product = builder.fmul(factor, vector, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)


packing_tile = _tile(TILE_ROWS, TILE_VECTORS, packs=True, prefetches=True)
panel_tile = _tile(TILE_ROWS, TILE_VECTORS, prefetches=True)
_HEIGHTS = (TILE_ROWS, LOW_TILE_ROWS, 1)
wide_tile, wide_low_tile, wide_row = (_tile(rows, TILE_VECTORS) for rows in _HEIGHTS)
edge_tile, edge_low_tile, edge_row = (_tile(rows, TILE_VECTORS, partial=True) for rows in _HEIGHTS)
narrow_tile, narrow_low_tile, narrow_row = (_tile(rows, 1, partial=True) for rows in _HEIGHTS)
