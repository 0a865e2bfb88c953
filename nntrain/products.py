"""Small matrix products, for which a call to BLAS costs as much as the product.

A block of rows and two vectors of columns of C are kept in registers while the loop runs over the inner dimension: each
number of A is multiplied with both vectors of B's row. For matrices that lie in the first two caches this is as fast as
the best BLAS and has no call's overhead; larger ones are left to BLAS, which packs them first and takes threads.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008; the block is that of BLIS's
micro-kernels. Numba writes no vector instructions on demand, so that the block is written in LLVM's language.
"""

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from nntrain.blas import BLAS_FROM
from nntrain.gemm import gemm
from nntrain.kernels import kernel

FEATURES = llvm.get_host_cpu_features()
BYTES = 64 if FEATURES.get("avx512f") else 32 if FEATURES.get("avx") else 16  # of a vector
ROWS = 4 if BYTES == 32 else 8  # of C's block: AVX has 16 registers, the others 32
VECTORS = 2  # of columns

INT32, INT64 = ir.IntType(32), ir.IntType(64)


def multiply(A: Any, B: Any, b: Any, C: Any) -> None:
    """Fill C (M, N) with A (M, K) B (K, N) plus b (N), which may be empty; B and C are contiguous."""
    np.dot(A, B, out=C)
    if b.size > 0:
        C += b


@overload(multiply)
def _compiled_multiply(A, B, b, C):  # type: ignore[no-untyped-def]
    def compiled(A, B, b, C):  # type: ignore[no-untyped-def]
        if C.size * B.shape[0] < BLAS_FROM:
            in_blocks(A, B, b, C)
        else:
            gemm(A, B, C)
            if b.size > 0:
                for i in range(C.shape[0]):
                    for j in range(C.shape[1]):
                        C[i, j] += b[j]

    return compiled


@kernel
def in_blocks(A, B, b, C):  # type: ignore[no-untyped-def]
    """Fill C block by block, from the left to the right and in that from above."""
    rows, columns = C.shape
    lanes = BYTES // C.itemsize
    wide = columns // (VECTORS * lanes) * (VECTORS * lanes)
    for j in range(0, wide, VECTORS * lanes):
        whole = rows // ROWS * ROWS
        for i in range(0, whole, ROWS):
            wide_block(A, i, B, j, b, C)
        for i in range(whole, rows):
            wide_row(A, i, B, j, b, C)
    for j in range(wide, columns, lanes):
        whole = rows // ROWS * ROWS
        for i in range(0, whole, ROWS):
            narrow_block(A, i, B, j, b, C)
        for i in range(whole, rows):
            narrow_row(A, i, B, j, b, C)


def _block(rows: int, vectors: int, cut: bool) -> Any:
    """Return a compiled function that fills ``rows`` rows of C from row i and ``vectors`` vectors from column j.

    With ``cut`` the matrices may end within the last vector.
    """

    @intrinsic
    def block(typing_context: Any, A: Any, i: Any, B: Any, j: Any, b: Any, C: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = _Writer(context, builder, signature.args, arguments, cut)
            write.block(rows, vectors)
            return context.get_dummy_value()

        return types.void(A, types.int64, B, types.int64, b, C), generate

    return block


class _Writer:
    """Writes the instructions of a block."""

    def __init__(self, context: Any, builder: Any, kinds: Any, values: Any, cut: bool) -> None:
        self.builder, self.cut = builder, cut
        kind_a, _, kind_b, _, kind_bias, kind_c = kinds
        self.i, self.j, self.layout = values[1], values[3], kind_a.layout
        self.a, self.b, self.bias, self.c = (
            context.make_array(kind)(context, builder, value=values[place])
            for kind, place in ((kind_a, 0), (kind_b, 2), (kind_bias, 4), (kind_c, 5))
        )
        self.size = kind_c.dtype.bitwidth // 8
        self.lanes = BYTES // self.size
        self.vector = ir.VectorType(context.get_value_type(kind_c.dtype), self.lanes)
        self.nothing = ir.Constant(self.vector, None)
        self.inner, self.columns = self.shape(self.b)

    def shape(self, array: Any) -> Any:
        """Return an array's two lengths."""
        return cgutils.unpack_tuple(self.builder, array.shape)

    def of_b_or_c(self, array: Any, row: Any, column: Any) -> Any:
        """Return a pointer to an element of B or C, whose rows lie behind each other."""
        return self.builder.gep(array.data, [self.builder.add(self.builder.mul(row, self.columns), column)])

    def of_a(self, row: Any, k: Any) -> Any:
        """Return a pointer to an element of A, which may be the transpose of a matrix in C's order.

        Where neighbours lie beside each other, that is said: their distance is part of the instruction then.
        """
        builder, byte = self.builder, ir.IntType(8).as_pointer()
        across, along = cgutils.unpack_tuple(builder, self.a.strides)
        across = INT64(self.size) if self.layout == "F" else across
        along = INT64(self.size) if self.layout == "C" else along
        start = builder.gep(builder.bitcast(self.a.data, byte), [builder.mul(row, across)])
        return builder.bitcast(builder.gep(start, [builder.mul(k, along)]), self.a.data.type)

    def spread(self, number: Any, kind: Any) -> Any:
        """Return a vector of one number."""
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), number, INT32(0))
        zeros = ir.Constant(ir.VectorType(INT32, self.lanes), None)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def mask(self) -> Any:
        """Return which columns of the vector from column j on there are."""
        places = ir.VectorType(INT64, self.lanes)
        left = self.spread(self.builder.sub(self.columns, self.j), places)
        return self.builder.icmp_signed("<", ir.Constant(places, list(range(self.lanes))), left)

    def load(self, pointer: Any) -> Any:
        """Return the vector at a pointer."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        if not self.cut:
            return self.builder.load(pointer, align=self.size)
        return self._masked("load", self.vector, [pointer, INT32(self.size), self.mask(), self.nothing])

    def store(self, value: Any, pointer: Any) -> None:
        """Write a vector to a pointer."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        if not self.cut:
            self.builder.store(value, pointer, align=self.size)
        else:
            self._masked("store", ir.VoidType(), [value, pointer, INT32(self.size), self.mask()])

    def _masked(self, verb: str, returns: Any, arguments: Any) -> Any:
        kind = f"v{self.lanes}f{8 * self.size}"
        function = ir.FunctionType(returns, [argument.type for argument in arguments])
        name = f"llvm.masked.{verb}.{kind}.p0"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, function, name), arguments)

    def block(self, rows: int, vectors: int) -> None:
        """Fill the block: from the biases on, one row of B after the other."""
        builder = self.builder
        columns = [builder.add(self.j, INT64(v * self.lanes)) for v in range(vectors)]
        sums = [[cgutils.alloca_once_value(builder, self.nothing) for _ in columns] for _ in range(rows)]
        (biases,) = self.shape(self.bias)
        with builder.if_then(builder.icmp_signed(">", biases, INT64(0))):
            for v, column in enumerate(columns):
                bias = self.load(builder.gep(self.bias.data, [column]))
                for row in sums:
                    builder.store(bias, row[v])
        with cgutils.for_range(builder, self.inner) as loop:
            self.add(sums, columns, loop.index)
        for r, row in enumerate(sums):
            for place, column in zip(row, columns, strict=True):
                self.store(builder.load(place), self.of_b_or_c(self.c, builder.add(self.i, INT64(r)), column))

    def add(self, sums: list[list[Any]], columns: list[Any], k: Any) -> None:
        """Add to the sums the products of A's column k with B's row k."""
        builder = self.builder
        in_b = [self.load(self.of_b_or_c(self.b, k, column)) for column in columns]
        for r, row in enumerate(sums):
            number = builder.load(self.of_a(builder.add(self.i, INT64(r)), k))
            factor = self.spread(number, self.vector)
            for place, vector in zip(row, in_b, strict=True):
                product = builder.fmul(factor, vector, flags=("contract",))
                builder.store(builder.fadd(builder.load(place), product, flags=("contract",)), place)


wide_block, wide_row = _block(ROWS, VECTORS, cut=False), _block(1, VECTORS, cut=False)
narrow_block, narrow_row = _block(ROWS, 1, cut=True), _block(1, 1, cut=True)
