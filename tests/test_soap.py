"""SOAP: both sides of a matrix against recorded steps, its power iteration, and what float32 can resolve."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.optimizers import Optimizer
from nntrain.optimizers.power_iteration import orthonormal, power_iteration
from tests.helpers import make, relative_error
from tests.recorded.problems import BASIS_START, STEPS, disturbed, rate

RECORDED = json.loads((Path(__file__).parent / "recorded" / "soap.json").read_text())["cases"]

# Of BASIS_SHAPES, as rules take it: first index, rows (0 for a vector), columns.
LAYOUT = np.array([(0, 3, 4), (12, 0, 4), (16, 4, 3), (28, 0, 3)], np.int64)


def trajectory(optimizer: Optimizer, dtype: type[np.floating[Any]], steps: int = STEPS) -> list[NDArray[Any]]:
    """Return the parameters after each step on the disturbed quadratic."""
    theta, found = BASIS_START.astype(dtype), []
    state, hyper = np.zeros((optimizer.rows(LAYOUT), theta.size), dtype), np.array(optimizer.hyper())
    update = optimizer.update[theta.dtype]
    for k in range(1, steps + 1):
        gradient = disturbed(theta, k).astype(dtype)
        update(theta, gradient, state, LAYOUT, hyper, rate(optimizer.lr, k), k, 0, theta.size)
        found.append(theta.copy())
    return found


@pytest.mark.parametrize("case", RECORDED)
def test_both_sides_are_the_packages(case: str) -> None:
    """The eigenvectors' signs and order are arbitrary, and the steps do not depend on them."""
    optimizer = make(Optimizer, "soap", **RECORDED[case]["keys"])
    kept = {int(k): np.array(theta) for k, theta in RECORDED[case]["theta"].items()}
    theta = trajectory(optimizer, np.float64)
    assert max(kept) == STEPS
    assert (theta[0] == BASIS_START).all()  # the first step only starts the statistics
    for k, expected in kept.items():
        assert relative_error(theta[k - 1] - BASIS_START, expected - BASIS_START) < 1e-9, k


@pytest.mark.parametrize("kind", ["full", "singular", "zero", "ordered"])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_columns_are_orthonormal(n: int, kind: str) -> None:
    """The first j columns of Q and of A span the same space, for each j: Q^T A is upper triangular."""
    full = np.random.default_rng(n).standard_normal((n, n))
    singular = full[:, : n // 2] @ full[: n // 2]
    A = {"full": full, "singular": singular, "zero": 0 * full, "ordered": full * 10.0 ** -np.arange(n)}[kind]
    Q = orthonormal(A)
    np.testing.assert_allclose(Q.T @ Q, np.eye(n), atol=1e-14 * n)
    np.testing.assert_allclose(np.tril(Q.T @ A, -1), 0, atol=1e-14 * n)
    if kind in ("full", "ordered"):
        np.testing.assert_allclose(np.abs(Q), np.abs(np.linalg.qr(A)[0]), atol=1e-9)


def test_power_iteration_finds_eigenvectors() -> None:
    """Each round reduces the error by the ratio of eigenvalues, here 1/2."""
    V = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    A = V.T @ np.diag([4.0, 16.0, 1.0, 8.0, 2.0]) @ V
    found, order = power_iteration(A, V)
    assert order.tolist() == [1, 3, 0, 4, 2]
    np.testing.assert_allclose(np.abs(found @ V[order].T), np.eye(5), atol=1e-13)
    found = np.eye(5)
    for _ in range(60):
        found, order = power_iteration(A, found)
    np.testing.assert_allclose(found @ A @ found.T, np.diag([16.0, 8, 4, 2, 1]), atol=1e-13)


@pytest.mark.parametrize("every", [1, 10])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_step_where_there_is_no_gradient(every: int, dtype: type[np.floating[Any]]) -> None:
    """The third input is the sum of the first two; without the noise threshold, rounding errors become steps."""
    layout, random = np.array([[0, 3, 4]], np.int64), np.random.default_rng(0)
    optimizer = make(Optimizer, "soap", every=every, weight_decay=0.0)
    theta, hyper = np.zeros(12, dtype), np.array(optimizer.hyper())
    state = np.zeros((optimizer.rows(layout), 12), dtype)
    update = optimizer.update[theta.dtype]
    for k in range(1, 61):
        x = random.standard_normal((2, 8))
        G = np.vstack([x, x.sum(axis=0)]) @ random.standard_normal((8, 4))
        update(theta, G.ravel().astype(dtype), state, layout, hyper, 0.01, k, 0, 12)
    W = theta.reshape(3, 4)
    along = np.array([1, 1, -1]) / np.sqrt(3)
    assert np.linalg.norm(along @ W) < 1e-3 * np.linalg.norm(W)


def test_the_state_has_room_for_the_sides_that_are_rotated() -> None:
    for limit, squares in ((1000, 2 * (9 + 16 + 16 + 9)), (3, 2 * (9 + 9)), (2, 0)):
        assert make(Optimizer, "soap", max_precondition_dim=limit).rows(LAYOUT) == 2 + -(-squares // 31)
