"""Matrix products, transposes, aligned arrays, views, and denormal numbers."""

import functools
import gc
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.jit.aligned import CACHE_LINE, empty
from nntrain.jit.arrays import view
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.lazy import register_recorded
from nntrain.matmul.gemm import fill_panels, multiply, new_scratch, part_size, portion
from nntrain.matmul.microkernel import LOW_TILE_ROWS, TILE_ROWS
from nntrain.matmul.tiles import multiply_tiles, split_rows
from nntrain.matmul.transpose import transpose
from nntrain.network.thread_pool import ThreadPool
from nntrain.utils.garbage import collecting_new
from tests.helpers import ROOT

register_recorded()
compiled_with = numba.njit(lambda A, B, b, C, mailbox: multiply(A, B, b, C, mailbox), nogil=True)
compiled_transpose = numba.njit(
    lambda W, top, left, rows, columns, transposed: transpose(W, top, left, rows, columns, transposed)
)
by_tiles = numba.njit(lambda A, B, b, C: multiply_tiles(A, 0, B, 0, b, C, 0, 0, C.shape[1], False))
lengths = st.integers(1, 70)


@functools.cache
def one_thread(dtype: Any) -> Any:
    return ThreadPool(dtype, 0, n_threads=1).mailbox


def compiled_multiply(A: Any, B: Any, b: Any, C: Any) -> None:
    compiled_with(A, B, b, C, one_thread(C.dtype))


@settings(deadline=None, max_examples=150)
@given(lengths, lengths, lengths, st.sampled_from([np.float32, np.float64]), st.booleans(), st.booleans())
def test_a_product_equals_numpys(
    rows: int, inner: int, columns: int, dtype: Any, transposed: bool, biased: bool
) -> None:
    random = np.random.default_rng(rows * 10_000 + inner * 100 + columns)
    # a frame around the result, to see that nothing outside of it is written
    frame = np.full(rows * columns + 200, 7.0, dtype)
    C = frame[100:-100].reshape(rows, columns)
    A = random.standard_normal((inner, rows) if transposed else (rows, inner)).astype(dtype)
    A = A.T if transposed else A
    B = random.standard_normal((inner, columns)).astype(dtype)
    b = random.standard_normal(columns if biased else 0).astype(dtype)
    compiled_multiply(A, B, b, C)
    expected = A.astype(np.float64) @ B.astype(np.float64) + (b if biased else 0)
    bound = (
        (inner + 2) * np.finfo(dtype).eps * (np.abs(A).astype(np.float64) @ np.abs(B) + (np.abs(b) if biased else 0))
    )
    assert (np.abs(C - expected) <= bound).all()
    assert (frame[:100] == 7).all()
    assert (frame[-100:] == 7).all()
    plain = np.empty_like(C)
    multiply(A, B, b, plain, one_thread(C.dtype))
    np.testing.assert_allclose(plain, C, atol=float(bound.max()))


@settings(deadline=None, max_examples=100)
@given(lengths, lengths, st.sampled_from([np.float32, np.float64]))
def test_a_transpose_equals_numpys(rows: int, columns: int, dtype: Any) -> None:
    W = np.arange(rows * columns, dtype=dtype).reshape(rows, columns)
    frame = np.full(W.size + 200, -1.0, dtype)
    transposed = frame[100:-100].reshape(columns, rows)
    compiled_transpose(W, 0, 0, rows, columns, transposed)
    assert (transposed == W.T).all()
    assert (frame[:100] == -1).all()
    assert (frame[-100:] == -1).all()
    transposed[:] = 0
    transpose(W, 0, 0, rows, columns, transposed)
    assert (transposed == W.T).all()


@pytest.mark.parametrize("shape", [0, 7, (3, 5), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_starts_at_a_cache_line(shape: int | tuple[int, ...], dtype: Any) -> None:
    arrays = [empty(shape, np.dtype(dtype)) for _ in range(20)]
    assert all(array.ctypes.data % CACHE_LINE == 0 for array in arrays if array.size)
    assert all(array.shape == np.empty(shape).shape and array.dtype == dtype for array in arrays)
    for number, array in enumerate(arrays):
        array[...] = number
    assert all((array == number).all() for number, array in enumerate(arrays))


@settings(deadline=None, max_examples=60)
@given(
    *(
        st.sampled_from(values)
        for values in ((1, 7, 16, 61, 300, 530), (1, 9, 256, 300, 520), (1, 10, 32, 33, 100, 256))
    ),
    st.sampled_from([np.float32, np.float64]),
    *(st.booleans() for _ in range(3)),
    st.integers(1, 5),
)
def test_a_large_product_is_the_same_to_the_bit_for_any_number_of_threads(
    rows: int,
    inner: int,
    columns: int,
    dtype: Any,
    a_transposed: bool,
    b_transposed: bool,
    biased: bool,
    n_threads: int,
) -> None:
    random = np.random.default_rng(rows * 1_000_000 + inner * 1000 + columns)
    A, B = (random.standard_normal(shape).astype(dtype) for shape in ((rows, inner), (inner, columns)))
    b = random.standard_normal(columns if biased else 0).astype(dtype)
    C = np.empty((rows, columns), dtype)
    by_tiles(A, B, b, C)
    frame = np.full(rows * columns + 200, 7.0, dtype)
    shared = frame[100:-100].reshape(rows, columns)
    stored = [
        np.ascontiguousarray(X.T if transposed else X) for X, transposed in ((A, a_transposed), (B, b_transposed))
    ]
    for worker in range(n_threads):
        scratch = new_scratch(np.dtype(dtype))
        scratch[:] = np.nan
        fill_panels[np.dtype(dtype)](
            stored[0], a_transposed, stored[1], b_transposed, b, shared, scratch, worker, n_threads
        )
    assert (shared == C).all()
    assert (frame[:100] == 7).all()
    assert (frame[-100:] == 7).all()
    bound = (
        (inner + 2) * np.finfo(dtype).eps * (np.abs(A).astype(np.float64) @ np.abs(B) + (np.abs(b) if biased else 0))
    )
    assert (np.abs(C - (A.astype(np.float64) @ B + (b if biased else 0))) <= bound).all()


@pytest.mark.parametrize("length", [0, 1, 8, 9, 100, 51_201])
@pytest.mark.parametrize("unit", [1, 6, 8, 32])
def test_portions_cover_a_length_and_even_parts_are_few(length: int, unit: int) -> None:
    for n_threads in (1, 2, 3, 7):
        parts = [portion(length, unit, worker, n_threads) for worker in range(n_threads)]
        assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
        assert parts[-1][1] == length
        assert all(start % unit == 0 for start, stop in parts if start < stop)
    part = part_size(length, 20 * unit, unit)
    assert part % unit == 0
    assert 0 < part <= 20 * unit
    assert -(-length // part) <= max(1, -(-length // (20 * unit)))


@pytest.mark.parametrize("rows", range(1, 60))
def test_as_few_rows_as_possible_are_multiplied_one_by_one(rows: int) -> None:
    whole, low = split_rows(rows)
    assert whole % TILE_ROWS == 0
    assert (low - whole) % LOW_TILE_ROWS == 0
    assert 0 <= whole <= low <= rows
    in_tiles = [a * TILE_ROWS + b * LOW_TILE_ROWS for a in range(10) for b in range(3)]
    assert rows - low == min(rows - tiled for tiled in in_tiles if tiled <= rows)


def test_only_new_objects_are_garbage_collected() -> None:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with collecting_new():
            assert gc.isenabled()
            assert gc.get_freeze_count() > 0
        assert not gc.isenabled()
        assert gc.get_freeze_count() == 0
    finally:
        if was_enabled:
            gc.enable()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_product_keeps_nan_and_infinity(wrong: float) -> None:
    A, B, C = np.ones((9, 5)), np.ones((5, 40)), np.empty((9, 40))
    A[8, 4] = wrong
    compiled_multiply(A, B, A[0, :0], C)
    assert not np.isfinite(C[8]).any()
    assert np.isfinite(C[:8]).all()


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 3, 2)])
def test_a_view_equals_a_slice_and_reshape(shape: tuple[int, ...]) -> None:
    vector = np.arange(20.0)
    viewed = numba.njit(lambda vector, shape: view(vector, 5, shape))
    total = numba.njit(lambda vector, shape: view(vector, 5, shape).sum())
    assert total(vector, shape) == vector[5:11].sum() == view(vector, 5, shape).sum()
    assert view(vector, 5, shape).shape == viewed(vector, shape).shape == shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_denormals_are_zero_between_flush_and_restore_only(dtype: Any) -> None:
    @numba.njit
    def halved(values: Any, flushed: bool) -> None:
        control = flush_denormals() if flushed else 0
        for i in range(values.size):
            values[i] = values[i] * values.dtype.type(0.5)
        if flushed:
            restore(control)

    tiny = np.finfo(dtype).tiny
    for flushed, expected in ((False, tiny / 2), (True, 0.0), (False, tiny / 2)):
        values = np.full(33, tiny, dtype)
        halved(values, flushed)
        assert (values == dtype(expected)).all()
    assert flush_denormals() == 0  # plain Python changes nothing
    restore(0)


SHORTER_VECTORS = """
import llvmlite.binding as llvm
from numpy._core._multiarray_umath import __cpu_features__
real = llvm.get_host_cpu_features()
for features in (real, __cpu_features__):
    for feature in features:
        if feature.lower().startswith(PREFIXES):
            features[feature] = False
llvm.get_host_cpu_features = lambda: real
"""
LONGER_VECTORS = """
from numpy._core._multiarray_umath import __cpu_features__
__cpu_features__["AVX512F"] = True  # tiles are written for it, and compiled for this processor, in two instructions
"""
PRODUCTS = """
import numba, numpy as np
from nntrain.jit.lazy import register_recorded
from nntrain.matmul import gemm, microkernel, tiles
register_recorded()
assert microkernel.VECTOR_BYTES == VECTOR_BYTES
compiled = numba.njit(lambda A, B, b, C: tiles.multiply_tiles(A, 0, B, 0, b, C, 0, 0, C.shape[1], False))
for shape in ((32, 64, 64), (9, 33, 17), (3, 5, 2), (8, 1, 40), (21, 7, 59), (16, 300, 45)):
    for dtype in (np.float32, np.float64):
        rows, inner, columns = shape
        A, B = np.arange(rows * inner, dtype=dtype).reshape(rows, inner) % 7, np.ones((inner, columns), dtype)
        b, C = np.arange(columns, dtype=dtype), np.empty((rows, columns), dtype)
        compiled(A, B, b, C)
        assert (C == A.sum(axis=1)[:, None] + b).all()
        scratch = gemm.new_scratch(np.dtype(dtype))
        C[:] = 0
        gemm.fill_panels[np.dtype(dtype)](A, False, B, False, b, C, scratch, 0, 1)
        assert (C == A.sum(axis=1)[:, None] + b).all()
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other processors have other features")
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("size", "without"), [(32, ("avx512", "avx10")), (16, ("avx", "fma", "f16c", "vaes", "vpclmul"))]
)
def test_processors_with_shorter_vectors(size: int, without: tuple[str, ...], tmp_path: Path) -> None:
    if size == 32 and not llvm.get_host_cpu_features().get("avx"):
        pytest.skip("this processor has no such vectors")
    check_products(SHORTER_VECTORS.replace("PREFIXES", repr(without)), size, tmp_path)


@pytest.mark.exhaustive
def test_processors_with_longer_vectors(tmp_path: Path) -> None:
    check_products(LONGER_VECTORS, 64, tmp_path)


def check_products(begin: str, size: int, cache: Path) -> None:
    code = begin + PRODUCTS.replace("== VECTOR_BYTES", f"== {size}")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}  # code compiled for other processors
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert ended.returncode == 0, ended.stderr
