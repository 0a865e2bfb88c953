"""Small matrix products, matrices turned round, arrays that begin with a line, and denormal numbers."""

import platform
import subprocess
import sys
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.blas import BLAS_FROM
from nntrain.denormals import flush_denormals, restore
from nntrain.gemm import gemm
from nntrain.kernels import view
from nntrain.memory import LINE, empty
from nntrain.products import multiply
from nntrain.turning import turn
from tests.helpers import ROOT

compiled = numba.njit(lambda A, B, b, C: multiply(A, B, b, C))
compiled_turn = numba.njit(lambda W, turned: turn(W, turned))
lengths = st.integers(1, 70)


@settings(deadline=None, max_examples=150)
@given(lengths, lengths, lengths, st.sampled_from([np.float32, np.float64]), st.booleans(), st.booleans())
def test_a_product_is_that_of_numpy(
    rows: int, inner: int, columns: int, dtype: Any, turned: bool, biased: bool
) -> None:
    random = np.random.default_rng(rows * 10_000 + inner * 100 + columns)
    # a frame around the result, to see that nothing is written beside it
    frame = np.full(rows * columns + 200, 7.0, dtype)
    C = frame[100:-100].reshape(rows, columns)
    A = random.standard_normal((inner, rows) if turned else (rows, inner)).astype(dtype)
    A = A.T if turned else A
    B = random.standard_normal((inner, columns)).astype(dtype)
    b = random.standard_normal(columns if biased else 0).astype(dtype)
    compiled(A, B, b, C)
    expected = A.astype(np.float64) @ B.astype(np.float64) + (b if biased else 0)
    bound = (
        (inner + 2) * np.finfo(dtype).eps * (np.abs(A).astype(np.float64) @ np.abs(B) + (np.abs(b) if biased else 0))
    )
    assert (np.abs(C - expected) <= bound).all()
    assert (frame[:100] == 7).all()
    assert (frame[-100:] == 7).all()
    plain = np.empty_like(C)
    multiply(A, B, b, plain)
    np.testing.assert_allclose(plain, C, atol=float(bound.max()))


def test_a_product_beyond_the_bound_is_left_to_blas() -> None:
    random = np.random.default_rng(0)
    A, B, b = random.standard_normal((200, 200)), random.standard_normal((200, 200)), random.standard_normal(200)
    assert A.size * 200 >= BLAS_FROM
    C = np.empty((200, 200))
    compiled(A, B, b, C)
    np.testing.assert_allclose(C, A @ B + b, rtol=1e-11, atol=1e-11)


@settings(deadline=None, max_examples=100)
@given(lengths, lengths, st.sampled_from([np.float32, np.float64]))
def test_a_matrix_turned_round_is_its_transpose(rows: int, columns: int, dtype: Any) -> None:
    W = np.arange(rows * columns, dtype=dtype).reshape(rows, columns)
    frame = np.full(W.size + 200, -1.0, dtype)
    turned = frame[100:-100].reshape(columns, rows)
    compiled_turn(W, turned)
    assert (turned == W.T).all()
    assert (frame[:100] == -1).all()
    assert (frame[-100:] == -1).all()
    turned[:] = 0
    turn(W, turned)
    assert (turned == W.T).all()


@pytest.mark.parametrize("shape", [0, 7, (3, 5), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_begins_with_a_line(shape: int | tuple[int, ...], dtype: Any) -> None:
    arrays = [empty(shape, np.dtype(dtype)) for _ in range(20)]
    assert all(array.ctypes.data % LINE == 0 for array in arrays if array.size)
    assert all(array.shape == np.empty(shape).shape and array.dtype == dtype for array in arrays)
    for number, array in enumerate(arrays):
        array[...] = number
    assert all((array == number).all() for number, array in enumerate(arrays))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_blas_multiplies_matrices_and_transposes(turned: tuple[bool, bool], dtype: Any) -> None:
    random = np.random.default_rng(0)
    A, B = (
        random.standard_normal(shape[::-1] if back else shape).astype(dtype)
        for shape, back in zip(((7, 5), (5, 3)), turned, strict=True)
    )
    A, B, C = A.T if turned[0] else A, B.T if turned[1] else B, np.empty((7, 3), dtype)
    numba.njit(lambda A, B, C: gemm(A, B, C))(A, B, C)
    np.testing.assert_allclose(C, A @ B, rtol=1e-5, atol=1e-5)


def test_blas_is_not_given_matrices_with_gaps() -> None:
    A = np.ones((8, 8))
    with pytest.raises(numba.TypingError, match="layout A"):
        numba.njit(lambda A, B, C: gemm(A, B, C))(A[::2, ::2], np.ones((4, 4)), np.ones((4, 4)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_stays_so(wrong: float) -> None:
    A, B, C = np.ones((9, 5)), np.ones((5, 40)), np.empty((9, 40))
    A[8, 4] = wrong
    compiled(A, B, A[0, :0], C)
    assert not np.isfinite(C[8]).any()
    assert np.isfinite(C[:8]).all()


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 3, 2)])
def test_a_view_is_the_slice_in_that_shape(shape: tuple[int, ...]) -> None:
    vector = np.arange(20.0)
    seen = numba.njit(lambda vector, shape: view(vector, 5, shape))
    changed = numba.njit(lambda vector, shape: view(vector, 5, shape).sum())
    assert changed(vector, shape) == vector[5:11].sum() == view(vector, 5, shape).sum()
    assert view(vector, 5, shape).shape == seen(vector, shape).shape == shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_denormals_are_zero_between_flush_and_restore_alone(dtype: Any) -> None:
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


LESS_ABLE = """
import llvmlite.binding as llvm
real = llvm.get_host_cpu_features()
for feature in real:
    if feature.startswith(BEGINNINGS):
        real[feature] = False
llvm.get_host_cpu_features = lambda: real
import numba, numpy as np
from nntrain import products
assert products.BYTES == BYTES
compiled = numba.njit(lambda A, B, b, C: products.multiply(A, B, b, C))
for shape in ((32, 64, 64), (9, 33, 17), (3, 5, 2), (8, 1, 40)):
    for dtype in (np.float32, np.float64):
        rows, inner, columns = shape
        A, B = np.arange(rows * inner, dtype=dtype).reshape(rows, inner) % 7, np.ones((inner, columns), dtype)
        b, C = np.arange(columns, dtype=dtype), np.empty((rows, columns), dtype)
        compiled(A, B, b, C)
        assert (C == A.sum(axis=1)[:, None] + b).all()
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other processors have other features")
@pytest.mark.parametrize(
    ("size", "without"), [(32, ("avx512", "avx10")), (16, ("avx", "fma", "f16c", "vaes", "vpclmul"))]
)
def test_processors_with_shorter_vectors(size: int, without: tuple[str, ...]) -> None:
    if size == 32 and not llvm.get_host_cpu_features().get("avx"):
        pytest.skip("this one has none to leave out")
    code = LESS_ABLE.replace("BEGINNINGS", repr(without)).replace("== BYTES", f"== {size}")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
