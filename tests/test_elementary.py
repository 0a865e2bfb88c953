"""exp, expm1 and tanh against long doubles, to the unit in the last place."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.jit import fastmath as elementary
from nntrain.jit.kernels import kernel
from tests.helpers import compiled

MOST = {"exp": 1.2, "expm1": 2.0, "tanh": 3.0}
SMALLEST = {"float32": -86.9, "float64": -708.0}


def loop(name: str) -> Callable[[NDArray[Any], NDArray[Any]], None]:
    f = getattr(elementary, name)

    @kernel
    def fill(z: NDArray[Any], h: NDArray[Any]) -> None:
        for i in range(z.size):
            h[i] = f(z[i])

    return compiled(fill)


@pytest.mark.parametrize("dtype", SMALLEST)
@pytest.mark.parametrize("name", MOST)
def test_the_error_is_as_it_says(name: str, dtype: str) -> None:
    random = np.random.default_rng(0)
    smallest = SMALLEST[dtype]
    z = np.concatenate(
        [random.uniform(smallest, -smallest, 50_000), random.normal(0, 1, 50_000), 10.0 ** -np.arange(30)]
    )
    z = z.astype(dtype)
    h = np.empty_like(z)
    loop(name)(z, h)
    exact = getattr(np, name)(z.astype(np.longdouble))
    unit = np.spacing(np.abs(exact.astype(dtype))).astype(np.longdouble)
    assert float(np.max(np.abs(h - exact) / unit)) <= MOST[name]


@pytest.mark.parametrize("dtype", SMALLEST)
@pytest.mark.parametrize(("name", "ends"), [("exp", (np.inf, 0)), ("expm1", (np.inf, -1)), ("tanh", (1, -1))])
def test_ends_zero_and_nan(name: str, ends: tuple[float, float], dtype: str) -> None:
    z = np.array([np.nan, np.inf, 1000, -np.inf, -1000, 0.0], dtype)
    h = np.empty_like(z)
    loop(name)(z, h)
    assert np.isnan(h[0])
    assert h[1:].tolist() == [ends[0], ends[0], ends[1], ends[1], getattr(np, name)(0.0)]


@pytest.mark.parametrize("name", MOST)
def test_plain_python_is_numpys(name: str) -> None:
    z = np.float32(0.3)
    assert getattr(elementary, name)(z) == getattr(np, name)(z)
