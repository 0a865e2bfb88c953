"""Eigenvectors of a matrix that changes slowly, for update rules: one round of power iteration at a time."""

import numpy as np

from nntrain.jit.kernels import kernel
from nntrain.optimizers import squared
from nntrain.optimizers.symmetric import times


@kernel
def mirror(A, normal, j):
    """Reflect A (n, n) from column ``j`` on by I - 2 n n^T; the normal n has length 1 (or 0) and is 0 up to j."""
    along = np.zeros(A.shape[1])
    for i in range(j, A.shape[0]):
        for k in range(j, A.shape[1]):
            along[k] += normal[i] * A[i, k]
    for i in range(j, A.shape[0]):
        for k in range(j, A.shape[1]):
            A[i, k] -= 2 * normal[i] * along[k]


@kernel
def orthonormal(A):
    """Return Q (n, n) of the QR decomposition of A (n, n), by Householder reflections: orthonormal for any A."""
    n = A.shape[0]
    R, Q, normals = A.copy(), np.eye(n), np.zeros((n, n))
    for j in range(n - 1):
        normal, square = normals[j], 0.0
        for i in range(j, n):
            normal[i] = R[i, j]
            square += squared(R[i, j])
        length = np.sqrt(square)
        square += length * (length + 2 * abs(normal[j]))  # of the normal: of x + sign(x_j) |x| e_j
        normal[j] += length if normal[j] > 0 else -length
        if square > 0:
            for i in range(j, n):
                normal[i] /= np.sqrt(square)
            mirror(R, normal, j)
    for j in range(n - 2, -1, -1):
        mirror(Q, normals[j], j)
    return Q


@kernel
def power_iteration(A, V):
    """Return better eigenvectors than the rows of V (n, n) of a symmetric matrix A, and the order (n) of V in them.

    They are in descending order of V's eigenvalues. A step is V^T <- Q, for the QR decomposition of A V^T.
    """
    AV = times(V, A)
    order = np.argsort(-(AV * V).sum(axis=1), kind="mergesort")
    return np.ascontiguousarray(orthonormal(np.ascontiguousarray(AV[order].T)).T), order
