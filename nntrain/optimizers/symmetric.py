"""Eigenvalues and powers of symmetric matrices, for update rules: LAPACK cannot be called from cached machine code."""

import numpy as np

from nntrain.jit.kernels import kernel

MAX_SHIFTS = 50  # of the QL iteration, for each eigenvalue; it takes two on average


@kernel
def times(A, B):
    """Return A B."""
    AB = np.zeros((A.shape[0], B.shape[1]), A.dtype)
    for i in range(A.shape[0]):
        for k in range(A.shape[1]):
            factor = A[i, k]
            for j in range(B.shape[1]):
                AB[i, j] += factor * B[k, j]
    return AB


@kernel
def reflect(T, V, j, v):
    """Reflect T (n, n) from both sides and the rows of V by I - 2 v v^T, where v has length 1 and is 0 up to j."""
    n = T.shape[0]
    along = np.zeros(n)
    for i in range(j + 1, n):
        for k in range(n):
            along[k] += v[i] * V[i, k]
    for i in range(j + 1, n):
        for k in range(n):
            V[i, k] -= 2 * v[i] * along[k]
    w, middle = np.zeros(n), 0.0
    for i in range(j + 1, n):
        for k in range(j + 1, n):
            w[i] += T[i, k] * v[k]
        middle += v[i] * w[i]
    for i in range(j + 1, n):
        w[i] -= middle * v[i]
    for i in range(j + 1, n):
        for k in range(j + 1, n):
            T[i, k] -= 2 * (v[i] * w[k] + w[i] * v[k])


@kernel
def tridiagonal(A):
    """Return the diagonal and the subdiagonal of T, and V, where A = V^T T V, by Householder reflections."""
    n = A.shape[0]
    T, V, v = A.copy(), np.eye(n), np.zeros(n)
    diagonal, below = np.zeros(n), np.zeros(n)
    for j in range(n - 2):
        length = 0.0
        for i in range(j + 1, n):
            v[i] = T[i, j]
            length += v[i] * v[i]
        length = np.sqrt(length)
        below[j] = -length if v[j + 1] > 0 else length
        v[j + 1] -= below[j]
        norm = 0.0
        for i in range(j + 1, n):
            norm += v[i] * v[i]
        if norm > 0:
            for i in range(j + 1, n):
                v[i] /= np.sqrt(norm)
            reflect(T, V, j, v)
    for i in range(n):
        diagonal[i] = T[i, i]
    if n > 1:
        below[n - 2] = T[n - 1, n - 2]
    return diagonal, below, V


@kernel
def implicit_shift(diagonal, below, V, first, last):
    """Take one step of the QL iteration with Wilkinson's shift on a block of the tridiagonal matrix."""
    g = (diagonal[first + 1] - diagonal[first]) / (2 * below[first])
    root = np.sqrt(g * g + 1)
    shifted = diagonal[last] - diagonal[first] + below[first] / (g + (root if g >= 0 else -root))
    sine, cosine, moved = 1.0, 1.0, 0.0
    for i in range(last - 1, first - 1, -1):
        f, b = sine * below[i], cosine * below[i]
        length = np.sqrt(f * f + shifted * shifted)
        below[i + 1] = length
        if length == 0:  # the block falls apart
            diagonal[i + 1] -= moved
            below[last] = 0
            return
        sine, cosine = f / length, shifted / length
        g = diagonal[i + 1] - moved
        turned = (diagonal[i] - g) * sine + 2 * cosine * b
        moved = sine * turned
        diagonal[i + 1] = g + moved
        shifted = cosine * turned - b
        for k in range(V.shape[1]):
            here, above = V[i, k], V[i + 1, k]
            V[i + 1, k] = sine * here + cosine * above
            V[i, k] = cosine * here - sine * above
    diagonal[first] -= moved
    below[first] = shifted
    below[last] = 0


@kernel
def eigen(A):
    """Return the eigenvalues (n) of a symmetric float64 matrix A (n, n), and its eigenvectors as the rows of V (n, n).

    Source: Householder reflections and the implicit QL iteration (Bowdler et al. 1968; EISPACK's tred2 and tql2).
    """
    diagonal, below, V = tridiagonal(A)
    precision = np.finfo(np.float64).eps
    for first in range(diagonal.size):
        for _ in range(MAX_SHIFTS):
            last = first
            while last < diagonal.size - 1:
                if abs(below[last]) <= precision * (abs(diagonal[last]) + abs(diagonal[last + 1])):
                    break
                last += 1
            if last == first:
                break
            implicit_shift(diagonal, below, V, first, last)
    return diagonal, V


@kernel
def power(A, exponent, smallest, precision):
    """Return A^exponent of a symmetric float64 matrix A (n, n) whose eigenvalues are at least ``smallest`` > 0.

    Its numbers have the relative error ``precision``: eigenvalues below n times that of the largest are noise.
    """
    eigenvalues, V = eigen(A)
    smallest = max(smallest, eigenvalues.size * precision * eigenvalues.max())
    scaled = V.copy()
    for i in range(eigenvalues.size):
        factor = max(eigenvalues[i], smallest) ** exponent
        for k in range(V.shape[1]):
            scaled[i, k] *= factor
    return times(np.ascontiguousarray(V.T), scaled)
