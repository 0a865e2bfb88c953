"""The matrix products of a step and nothing else, called from compiled code into SciPy's BLAS."""

import atexit
from contextlib import ExitStack
from typing import Any

import numba
import numpy as np
import scipy.linalg  # noqa: F401 - Numba takes the products from its BLAS
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.cases import Case
from benchmarks.peers import Epoch
from nntrain.utils.cpu import cores

SMALL = 16_384  # weights, up to which OpenBLAS is faster with a transpose that lies ready
PER_THREAD = 2_000_000  # multiply-adds, with fewer of which another thread makes OpenBLAS slower
LIMITS = ExitStack()  # held open, for as long as the process lives
atexit.register(LIMITS.close)


@numba.njit(nogil=True)
def products(h: Any, W: Any, d: Any, z: Any, dW: Any, dh: Any, first: bool) -> None:
    """Multiply h W, h^T d and, but for the first layer, d W^T."""
    np.dot(h, W, z)
    np.dot(h.T, d, dW)
    if not first:
        np.dot(d, W.T, dh)


@numba.njit(nogil=True)
def turned_products(h: Any, W: Any, d: Any, z: Any, dW: Any, dh: Any, first: bool) -> None:
    """Multiply the same with W^T lying ready, which is faster where matrices are small."""
    np.dot(h, W, z)
    np.dot(h.T, d, dW)
    if not first:
        np.dot(d, W.reshape(W.shape[1], W.shape[0]), dh)


@numba.njit(nogil=True)
def repeat(work: Any, layers: Any, steps: int) -> None:
    """Do a step's products, ``steps`` times."""
    for _ in range(steps):
        first = True
        for h, W, d, z, dW, dh in layers:
            work(h, W, d, z, dW, dh, first)
            first = False


def epoch_of(case: Case) -> Epoch:
    """Return a function that does an epoch's products."""
    threads = min(cores(), max(1, case.multiply_adds // PER_THREAD))
    LIMITS.enter_context(threadpool_limits(threads, "blas"))
    random = np.random.default_rng(0)
    layers = numba.typed.List()
    for n_in, n_out, _ in case.layers:
        shapes = ((case.batch, n_in), (n_in, n_out), (case.batch, n_out))
        h, W, d = (random.standard_normal(shape).astype(case.dtype) for shape in shapes)
        layers.append((h, W, d, np.empty_like(d), np.empty_like(W), np.empty_like(h)))
    work = turned_products if max(W.size for _, W, *_ in layers) <= SMALL else products

    def epoch(order: NDArray[Any]) -> float:
        repeat(work, layers, case.steps)
        return 0.0

    return epoch
