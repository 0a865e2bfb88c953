"""Arrays in compiled code: without reference counts, as views of another shape, and from an address."""

from math import prod
from typing import Any

from nntrain.jit.lazy import cgutils, intrinsic, ir, overload, types


def without_refcounts(arrays: Any) -> Any:
    """Return an array, or a tuple with arrays in it, without reference counting.

    Numba increments and decrements an array's reference count for every slice, which takes more than a quarter of a
    small network's step. It is not needed: the Python caller keeps the arrays alive until compiled code returns.
    """
    return arrays


@overload(without_refcounts)
def _compiled_without_refcounts(arrays):
    return lambda arrays: _strip_refcounts(arrays)


@intrinsic
def _strip_refcounts(typing_context: Any, arrays: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _stripped(context, builder, signature.return_type, arguments[0])

    return arrays(arrays), generate


def _stripped(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.BaseTuple):
        for index, inner in enumerate(kind.types):
            element = _stripped(context, builder, inner, builder.extract_value(value, index))
            value = builder.insert_value(value, element, index)
        return value
    if not isinstance(kind, types.Array):
        return value
    array = context.make_array(kind)(context, builder, value=value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


def view(vector: Any, start: int, shape: Any) -> Any:
    """Return a view of ``shape``, (rows, columns) or (length,), of a contiguous array from element ``start`` on.

    A matrix is indexed as if it were flattened. This skips the checks of a slice and a reshape.
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
    """Return the matrix if it is in C order, else its transpose, which then is in C order."""
    return matrix if matrix.flags.c_contiguous else matrix.T


@overload(in_order)
def _compiled_in_order(matrix):
    return (lambda matrix: matrix) if matrix.layout == "C" else (lambda matrix: matrix.T)


@intrinsic
def address_of(typing_context: Any, array: Any) -> Any:
    """Return the address of an array's data; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(context.make_array(array)(context, builder, value=arguments[0]).data, ir.IntType(64))

    return types.int64(array), generate


@intrinsic
def at_address(typing_context: Any, address: Any, shape: Any, like: Any) -> Any:
    """Return an array of ``shape`` over the memory at ``address``, of the type of ``like``; compiled code only."""
    kind = types.Array(like.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = builder.inttoptr(arguments[0], context.get_data_type(like.dtype).as_pointer())
        return _array(context, builder, kind, data, cgutils.unpack_tuple(builder, arguments[1]))

    return kind(types.int64, types.UniTuple(types.int64, len(shape)), like), generate


def _array(context: Any, builder: Any, kind: Any, data: Any, lengths: Any) -> Any:
    """Return a C-ordered array at ``data`` that owns no memory."""
    from numba.np import arrayobj  # takes 45 ms, and is not needed to load code from the cache

    size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
    strides = [size]
    for length in lengths[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    array = context.make_array(kind)(context, builder)
    arrayobj.populate_array(array, data, lengths, strides, size, meminfo=None)
    return array._getvalue()
