"""Eigenvalues and powers of symmetric matrices, against LAPACK."""

import numpy as np
import pytest

from nntrain.optimizers.symmetric import eigen, power

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("kind", ["full", "singular", "equal eigenvalues", "zero", "diagonal", "large"])
def test_eigenvalues_and_eigenvectors(n: int, kind: str) -> None:
    factor = np.random.default_rng(n).standard_normal((n, n))
    A = {
        "full": factor + factor.T,
        "singular": factor[:, : n // 2] @ factor[:, : n // 2].T,
        "equal eigenvalues": np.eye(n),
        "zero": np.zeros((n, n)),
        "diagonal": np.diag(np.arange(n, dtype=np.float64)),
        "large": 1e12 * (factor @ factor.T),
    }[kind]
    values, V = eigen(A)
    size = max(1.0, float(np.abs(A).max()))
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(A), atol=1e-13 * n * size)
    np.testing.assert_allclose(V @ V.T, np.eye(n), atol=1e-13 * n)
    np.testing.assert_allclose(V.T @ np.diag(values) @ V, A, atol=1e-13 * n * size)


def test_a_power() -> None:
    factor = np.random.default_rng(0).standard_normal((5, 5))
    A = factor @ factor.T + np.eye(5)
    root = power(A, -0.25, 1e-9, EPS)
    np.testing.assert_allclose(root @ root @ root @ root @ A, np.eye(5), atol=1e-11)


def test_a_power_of_noise_is_bounded() -> None:
    """A singular matrix of large numbers has eigenvalues that are rounding errors, of either sign."""
    column = np.array([[1e15], [2e15], [3e15]])
    root = power(column @ column.T, -0.5, 1e-4, EPS)
    assert np.abs(root).max() <= 1.01 * (3 * EPS * 1.4e31) ** -0.5
