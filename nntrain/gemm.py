"""BLAS's matrix product, called from compiled code.

NumPy's ``dot`` does the same in compiled code, but loading it from Numba's cache imports Numba's linear algebra, which
takes 60 ms. The BLAS is SciPy's; Numba looks it up at the first call.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

CHAR, INT, BYTES = ir.IntType(8), ir.IntType(64), ir.IntType(8).as_pointer()
# type, whether the factors are transposed, three lengths, alpha, both factors with the lengths of their lines, beta,
# and the product with that of its lines: an int, which is 0 if all went well
GEMM = ir.FunctionType(
    ir.IntType(32), [CHAR, CHAR, CHAR, INT, INT, INT, BYTES, BYTES, INT, BYTES, INT, BYTES, BYTES, INT]
)


def gemm(A: Any, B: Any, C: Any) -> None:
    """Fill C (M, N) with A (M, K) B (K, N); C is in C's order, A and B are or are transposes of what is."""
    np.dot(A, B, out=C)


@overload(gemm)
def _compiled_gemm(A, B, C):  # type: ignore[no-untyped-def]
    return lambda A, B, C: _called(A, B, C)


@intrinsic
def _called(typing_context: Any, A: Any, B: Any, C: Any) -> Any:
    """Call it for the transposes, C^T = B^T A^T, which are what BLAS sees of arrays in C's order."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def seen(kind: Any, value: Any) -> Any:
            array = context.make_array(kind)(context, builder, value=value)
            lengths = cgutils.unpack_tuple(builder, array.shape)
            in_order = kind.layout == "C"
            line = lengths[1] if in_order else lengths[0]
            return CHAR(ord("n" if in_order else "t")), builder.bitcast(array.data, BYTES), line, lengths

        def number(value: float) -> Any:
            return builder.bitcast(cgutils.alloca_once_value(builder, context.get_constant(C.dtype, value)), BYTES)

        (a_turned, a, a_line, (rows, inner)), (b_turned, b, b_line, (_, columns)), (_, c, c_line, _) = (
            seen(kind, value) for kind, value in zip((A, B, C), arguments, strict=True)
        )
        function = cgutils.get_or_insert_function(builder.module, GEMM, "numba_xxgemm")
        which = CHAR(ord("s" if C.dtype == types.float32 else "d"))
        lengths = (columns, rows, inner)
        factors = (b, b_line, a, a_line)
        given = (which, b_turned, a_turned, *lengths, number(1), *factors, number(0), c, c_line)
        failed = cgutils.is_not_null(builder, builder.call(function, given))
        with builder.if_then(failed, likely=False):  # there is no BLAS: what C holds must not pass for a product
            python = context.get_python_api(builder)
            python.gil_ensure()
            python.fatal_error("nntrain: SciPy's BLAS cannot be called")
        return context.get_dummy_value()

    if C.layout != "C" or not {A.layout, B.layout} <= {"C", "F"}:
        raise TypingError(f"gemm: matrices of layout {A.layout}, {B.layout}, {C.layout}")
    return types.void(A, B, C), generate
