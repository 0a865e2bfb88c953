"""A block of a matrix product, kept in registers: what the loops of nntrain.matmul.gemm are made of.

A block of rows and two vectors of columns of C are kept in registers while the loop runs over the inner dimension: each
number of A is multiplied with both vectors of B's row. Each number of C is one chain of multiply-adds in the order of
the inner dimension, however large the block: products are the same to the bit whichever way they are cut.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008; the block is that of BLIS's
micro-kernels. Numba writes no vector instructions on demand, so that the block is written in LLVM's language.
"""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

PROCESSOR, FEATURES = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
BYTES = 64 if FEATURES.get("avx512f") else 32 if FEATURES.get("avx") else 16  # of a vector
ROWS = 6 if BYTES == 32 else 8  # of C's block: AVX has 16 registers, the others 32
FEW = 4  # of a smaller block; a product of one row waits for each sum before it can add to it
VECTORS = 2  # of columns
MASKS = 64  # bytes of a vector of which a part is written as fast as all; of shorter ones AMD takes a dozen cycles
# Rows of B that a turn of the loop takes, in small products and in large ones, which have longer loops. One more, and
# the processor has no room for the loop where it keeps decoded ones: with four it is half as fast.
SHORT, LONG = 2, 3

INT32, INT64, BYTE = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()


def _block(rows: int, vectors: int, cut: bool = False, packs: bool = False, ahead: bool = False) -> Any:
    """Return a compiled function that fills a block of C: so many rows from ``row``, so many vectors from ``column``.

    Its arguments: A and the first row of it that is wanted; B, whose rows are as many as numbers of A's are multiplied,
    and the first column of it; the biases, or none; C, ``row``, ``column``; whether the block is added to what C holds,
    which leaves the biases out; ``panel``.

    With ``cut`` C may end within the block's last vector. With ``packs`` what is read of B is copied to ``panel``
    (rows of B, the block's columns), and what the next block beside needs is fetched. With ``ahead`` what C holds below
    is fetched.
    """

    @intrinsic
    def block(
        typing_context: Any,
        A: Any,
        row_of_a: Any,
        B: Any,
        column_of_b: Any,
        b: Any,
        C: Any,
        row: Any,
        column: Any,
        onto: Any,
        panel: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = _Writer(context, builder, signature.args, arguments, (cut, packs, ahead))
            write.block(rows, vectors)
            return context.get_dummy_value()

        place = types.int64
        return types.void(A, place, B, place, b, C, place, place, types.boolean, panel), generate

    return block


class _Writer:
    """Writes the instructions of a block."""

    def __init__(self, context: Any, builder: Any, kinds: Any, values: Any, options: tuple[bool, bool, bool]) -> None:
        self.builder, (self.cut, self.packs, self.ahead) = builder, options
        self.rows_of_b = LONG if self.ahead else SHORT
        self.a, self.b, self.biases, self.c, self.panel = (
            context.make_array(kinds[place])(context, builder, value=values[place]) for place in (0, 2, 4, 5, 9)
        )
        self.row_of_a, self.column_of_b, self.row, self.column, self.onto = (values[place] for place in (1, 3, 6, 7, 8))
        self.layout, number = kinds[0].layout, kinds[5].dtype
        self.size = number.bitwidth // 8
        self.lanes = BYTES // self.size
        self.vector = ir.VectorType(context.get_value_type(number), self.lanes)
        self.nothing = ir.Constant(self.vector, None)

    def shape(self, array: Any) -> Any:
        """Return an array's lengths."""
        return cgutils.unpack_tuple(self.builder, array.shape)

    def after(self, start: Any, steps: int) -> Any:
        """Return a place some steps after another."""
        return self.builder.add(start, INT64(steps))

    def at(self, array: Any, row: Any, column: Any) -> Any:
        """Return a pointer to an element of a matrix whose rows lie behind each other."""
        _, columns = self.shape(array)
        return self.builder.gep(array.data, [self.builder.add(self.builder.mul(row, columns), column)])

    def of_a(self, row: Any, k: Any) -> Any:
        """Return a pointer to an element of A, which may be the transpose of a matrix in C's order.

        Where neighbours lie beside each other, that is said: their distance is part of the instruction then.
        """
        builder = self.builder
        across, along = cgutils.unpack_tuple(builder, self.a.strides)
        across = INT64(self.size) if self.layout == "F" else across
        along = INT64(self.size) if self.layout == "C" else along
        start = builder.gep(builder.bitcast(self.a.data, BYTE), [builder.mul(row, across)])
        return builder.bitcast(builder.gep(start, [builder.mul(k, along)]), self.a.data.type)

    def spread(self, number: Any, kind: Any) -> Any:
        """Return a vector of one number."""
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), number, INT32(0))
        zeros = ir.Constant(ir.VectorType(INT32, self.lanes), None)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def left(self, vector: int) -> Any:
        """Return how many columns C has from a vector of the block on."""
        _, columns = self.shape(self.c)
        return self.builder.sub(columns, self.after(self.column, vector * self.lanes))

    def ends(self, vector: int) -> bool:
        """Return whether C may end within a vector of the block."""
        return self.cut and vector == self.vectors - 1

    def load(self, pointer: Any, vector: int) -> Any:
        """Return what a vector of the block has at a pointer, and nothing beyond C's columns."""
        pointer = self.to_vector(pointer, self.lanes)
        if not self.ends(vector):
            return self.builder.load(pointer, align=self.size)
        return self.masked("load", self.vector, [pointer, INT32(self.size), self.mask(vector), self.nothing])

    def mask(self, vector: int) -> Any:
        """Return which lanes of a vector of the block C has columns for."""
        places = ir.VectorType(INT64, self.lanes)
        left = self.spread(self.left(vector), places)
        return self.builder.icmp_signed("<", ir.Constant(places, list(range(self.lanes))), left)

    def masked(self, verb: str, returns: Any, arguments: Any) -> Any:
        """Load or store some lanes of a vector."""
        kind = ir.FunctionType(returns, [argument.type for argument in arguments])
        name = f"llvm.masked.{verb}.v{self.lanes}f{8 * self.size}.p0"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), arguments)

    def to_vector(self, pointer: Any, lanes: int) -> Any:
        """Return a pointer to a number as one to a vector."""
        return self.builder.bitcast(pointer, ir.VectorType(self.vector.element, lanes).as_pointer())

    def store(self, values: list[Any], pointers: list[Any]) -> None:
        """Write vectors to pointers."""
        for value, pointer in zip(values, pointers, strict=True):
            self.builder.store(value, self.to_vector(pointer, value.type.count), align=self.size)

    def store_part(self, values: list[Any], pointers: list[Any], vector: int) -> None:
        """Write the rows of the vector in which C may end, to pointers."""
        builder, left = self.builder, self.left(vector)
        if BYTES == MASKS:
            for value, pointer in zip(values, pointers, strict=True):
                place = self.to_vector(pointer, self.lanes)
                self.masked("store", ir.VoidType(), [value, place, INT32(self.size), self.mask(vector)])
            return
        with builder.if_else(builder.icmp_signed(">=", left, INT64(self.lanes))) as (whole, part):
            with whole:
                self.store(values, pointers)
            with part:  # half of it, and half of what is left, as long as there is something left
                written, half = INT64(0), self.lanes // 2
                while half:
                    wanted = builder.icmp_signed("!=", builder.and_(left, INT64(half)), INT64(0))
                    halves = [self.cut_out(value, range(half)) for value in values]
                    with builder.if_then(wanted):
                        self.store(halves, [builder.gep(pointer, [written]) for pointer in pointers])
                    others = [self.cut_out(value, range(half, 2 * half)) for value in values]
                    values = [builder.select(wanted, *pair) for pair in zip(others, halves, strict=True)]
                    written = builder.select(wanted, self.after(written, half), written)
                    half //= 2

    def cut_out(self, value: Any, lanes: range) -> Any:
        """Return some lanes of a vector."""
        places = ir.Constant(ir.VectorType(INT32, len(lanes)), list(lanes))
        return self.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), places)

    def fetch(self, pointer: Any) -> None:
        """Ask for what lies at a pointer to be brought into the second cache."""
        kind = ir.FunctionType(ir.VoidType(), [BYTE, INT32, INT32, INT32])
        function = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0")
        self.builder.call(function, [self.builder.bitcast(pointer, BYTE), INT32(0), INT32(2), INT32(1)])

    def block(self, rows: int, vectors: int) -> None:
        """Fill the block: from what it begins with on, one row of B after the other."""
        builder = self.builder
        offsets = [v * self.lanes for v in range(vectors)]
        self.vectors = vectors
        places = [[cgutils.alloca_once_value(builder, self.nothing) for _ in offsets] for _ in range(rows)]
        in_c = [
            [self.at(self.c, self.after(self.row, r), self.after(self.column, offset)) for offset in offsets]
            for r in range(rows)
        ]
        if self.ahead:
            for r in range(rows):
                for offset in offsets:
                    below = self.at(self.c, self.after(self.row, rows + r), self.after(self.column, offset))
                    self.fetch(below)
        (biases,) = self.shape(self.biases)
        with builder.if_else(self.onto) as (added, new):
            with added:
                for sums, pointers in zip(places, in_c, strict=True):
                    for v, (place, pointer) in enumerate(zip(sums, pointers, strict=True)):
                        builder.store(self.load(pointer, v), place)
            with new, builder.if_then(builder.icmp_signed(">", biases, INT64(0))):
                for v, offset in enumerate(offsets):
                    bias = self.load(builder.gep(self.biases.data, [self.after(self.column, offset)]), v)
                    for sums in places:
                        builder.store(bias, sums[v])
        inner, _ = self.shape(self.b)
        whole = builder.mul(builder.sdiv(inner, INT64(self.rows_of_b)), INT64(self.rows_of_b))
        with cgutils.for_range_slice(builder, INT64(0), whole, INT64(self.rows_of_b)) as (k, _):
            for below in range(self.rows_of_b):
                self.add(places, offsets, self.after(k, below))
        with cgutils.for_range_slice(builder, whole, inner, INT64(1)) as (k, _):
            self.add(places, offsets, k)
        for v in range(vectors):
            values, pointers = [builder.load(row[v]) for row in places], [row[v] for row in in_c]
            if self.ends(v):
                self.store_part(values, pointers, v)
            else:
                self.store(values, pointers)

    def add(self, places: list[list[Any]], offsets: list[int], k: Any) -> None:
        """Add to the sums the products of A's column k with B's row k."""
        builder = self.builder
        in_b = [
            self.load(self.at(self.b, k, self.after(self.column_of_b, offset)), v) for v, offset in enumerate(offsets)
        ]
        if self.packs:
            for vector, offset in zip(in_b, offsets, strict=True):
                self.store([vector], [self.at(self.panel, k, INT64(offset))])
                beside = self.after(self.column_of_b, len(offsets) * self.lanes + offset)
                self.fetch(self.at(self.b, k, beside))
        for r, sums in enumerate(places):
            number = builder.load(self.of_a(self.after(self.row_of_a, r), k))
            factor = self.spread(number, self.vector)
            for place, vector in zip(sums, in_b, strict=True):
                product = builder.fmul(factor, vector, flags=("contract",))
                builder.store(builder.fadd(builder.load(place), product, flags=("contract",)), place)


packing_block, panel_block = _block(ROWS, VECTORS, packs=True, ahead=True), _block(ROWS, VECTORS, ahead=True)
wide_block, wide_few, wide_row = (_block(rows, VECTORS) for rows in (ROWS, FEW, 1))
last_block, last_few, last_row = (_block(rows, VECTORS, cut=True) for rows in (ROWS, FEW, 1))
narrow_block, narrow_few, narrow_row = (_block(rows, 1, cut=True) for rows in (ROWS, FEW, 1))
