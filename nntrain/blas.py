"""The BLAS beneath the matrix products: which processor it is told it runs on, and how many threads it takes.

Standard library only at import, because the processor type must be chosen before NumPy is imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# What OpenBLAS's kernels for the core type SkylakeX need.
AVX512 = {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"}
CORE_TYPE = "OPENBLAS_CORETYPE"

# A thread for each so many multiply-adds in the largest product of a step; with fewer, handing the work over costs more
# than it gives (measured: benchmarks/README.md).
MULTIPLY_ADDS_PER_THREAD = 2_000_000


def choose_core_type(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Tell OpenBLAS to use its AVX-512 kernels on a processor that has them but is too new for it.

    The OpenBLAS in today's NumPy and SciPy wheels takes such a processor (AMD family 26, Zen 5) for a Haswell,
    and its matrix products then run at little over half speed. Intel's processors and AMD's older ones are known
    to it and left alone, and a variable that the user set wins.

    Returns:
        The core type that is in force, or an empty string where OpenBLAS chooses by itself.
    """
    if CORE_TYPE not in os.environ and _unknown_with_avx512(cpuinfo):
        os.environ[CORE_TYPE] = "SkylakeX"
    return os.environ.get(CORE_TYPE, "")


def _unknown_with_avx512(cpuinfo: Path) -> bool:
    try:
        first_processor = cpuinfo.read_text().split("\n\n", 1)[0]
    except OSError:  # not Linux
        return False
    facts = dict(line.partition(":")[::2] for line in first_processor.splitlines())
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    newest_amd = facts.get("vendor_id") == "AuthenticAMD" and int(facts.get("cpu family", 0)) >= 26
    return newest_amd and set(facts.get("flags", "").split()) >= AVX512


# Multiply-adds from which a product is left to BLAS (see nntrain/products.py).
BLAS_FROM = 2 * MULTIPLY_ADDS_PER_THREAD


@contextmanager
def threads_for(multiply_adds: int) -> Iterator[None]:
    """Give BLAS as many threads as ``multiply_adds``, those of the largest product it is given in a step, can feed.

    Small nets get one thread, which also makes their runs the same to the bit whatever the number of cores. With 0 BLAS
    is not wanted at all, and not loaded.
    """
    if _shared or multiply_adds == 0:  # when shared, each run has one thread, and the limit is for the whole process
        yield
        return
    with _blas().limit(limits=min(cores(), max(1, multiply_adds // MULTIPLY_ADDS_PER_THREAD)), user_api="blas"):
        yield


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Give BLAS one thread for as long as runs go on side by side."""
    with _blas().limit(limits=1, user_api="blas"):
        _shared.append(True)
        try:
            yield
        finally:
            _shared.pop()


_shared: list[bool] = []


@cache
def _blas() -> Any:
    import scipy.linalg.cython_blas  # noqa: F401 - Numba takes products from SciPy's BLAS: it has to be there to be limited
    from threadpoolctl import ThreadpoolController  # looks through the loaded libraries: 30 ms, only when training

    return ThreadpoolController()


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
