"""Arrays as compiled code passes them on: seen in another shape, by nobody counted, or at an address."""

from math import prod
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.jit.compiler import overload


def without_refcounts(arrays: Any) -> Any:
    """Return arrays, or a tuple with arrays in it, of which nobody counts who uses them: the caller owns them.

    Numba counts the references to an array's memory, up and down again for each slice that is taken of it: more than
    a quarter of the time of a small net's step. Whoever calls a compiled function from Python holds its arrays until it
    returns.
    """
    return arrays


@overload(without_refcounts)
def _compiled_borrowed(arrays):
    return lambda arrays: _borrowed(arrays)


@intrinsic
def _borrowed(typing_context: Any, arrays: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _stripped(context, builder, signature.return_type, arguments[0])

    return arrays(arrays), generate


def _stripped(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.BaseTuple):
        for place, inner in enumerate(kind.types):
            part = _stripped(context, builder, inner, builder.extract_value(value, place))
            value = builder.insert_value(value, part, place)
        return value
    if not isinstance(kind, types.Array):
        return value
    array = context.make_array(kind)(context, builder, value=value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


def view(vector: Any, start: int, shape: Any) -> Any:
    """Return the part of a vector that begins at ``start``, in a shape, such as (rows, columns) or (length,).

    A matrix is seen as the vector of its rows.

    A slice and a reshape do the same, but look at more than has to be looked at here.
    """
    return vector.reshape(-1)[start : start + prod(shape)].reshape(shape)


@overload(view)
def _compiled_view(vector, start, shape):
    return lambda vector, start, shape: _view(vector, start, shape)


@intrinsic
def _view(typing_context: Any, vector: Any, start: Any, shape: Any) -> Any:
    kind = types.Array(vector.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.make_array(vector)(context, builder, value=arguments[0])
        data = builder.gep(whole.data, [arguments[1]])
        return _array(context, builder, kind, data, cgutils.unpack_tuple(builder, arguments[2]))

    return kind(vector, types.intp, types.UniTuple(types.intp, len(shape))), generate


def in_order(matrix: Any) -> Any:
    """Return a matrix, or its transpose where that is the one whose rows lie behind each other."""
    return matrix if matrix.flags.c_contiguous else matrix.T


@overload(in_order)
def _compiled_in_order(matrix):
    return (lambda matrix: matrix) if matrix.layout == "C" else (lambda matrix: matrix.T)


@intrinsic
def address_of(typing_context: Any, array: Any) -> Any:
    """Return where an array's numbers lie; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(context.make_array(array)(context, builder, value=arguments[0]).data, ir.IntType(64))

    return types.int64(array), generate


@intrinsic
def at_address(typing_context: Any, address: Any, shape: Any, like: Any) -> Any:
    """Return what lies at an address, in a shape, as numbers of the type of ``like``; compiled code only."""
    kind = types.Array(like.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = builder.inttoptr(arguments[0], context.get_value_type(like.dtype).as_pointer())
        return _array(context, builder, kind, data, cgutils.unpack_tuple(builder, arguments[1]))

    return kind(types.int64, types.UniTuple(types.int64, len(shape)), like), generate


def _array(context: Any, builder: Any, kind: Any, data: Any, lengths: Any) -> Any:
    """Return the array whose numbers lie at ``data``, and which nobody owns."""
    from numba.np import arrayobj  # 45 ms, which loading from the cache can do without

    size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
    strides = [size]
    for length in lengths[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    array = context.make_array(kind)(context, builder)
    arrayobj.populate_array(array, data, lengths, strides, size, meminfo=None)
    return array._getvalue()
