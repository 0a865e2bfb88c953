"""SOAP: Adam in the eigenbasis of Shampoo's statistics."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.optimizers.power_iteration import power_iteration
from nntrain.optimizers.symmetric import eigen, times
from nntrain.registry import Amount, Count


@kernel
def rotate(A, V, U):
    """Return V A U^T (rows, columns), where an empty matrix stands for the identity."""
    if V.size > 0:
        A = times(V, A)
    if U.size > 0:
        A = times(A, np.ascontiguousarray(U.T))
    return A


@kernel
def basis(memory, offset, n):
    """Return the eigenvectors, as the rows of a float64 matrix (n, n), of the statistics at ``offset``."""
    return memory[offset + n * n : offset + 2 * n * n].astype(np.float64).reshape(n, n)


@kernel
def update_basis(G, memory, offset, n, beta, due, first):
    """Average G G^T in the statistics (n, n) at ``offset``, and update their eigenvectors, which lie behind them.

    Return the order of the previous eigenvectors in the new ones. Without statistics, n is 0.
    """
    order = np.arange(G.shape[0])
    if n == 0:
        return order
    stored = memory[offset : offset + n * n].reshape(n, n)
    H = beta * stored.astype(np.float64) + (1 - beta) * times(G, np.ascontiguousarray(G.T))
    V = basis(memory, offset, n)
    if first:
        V = eigen(H)[1]
    elif due:
        V, order = power_iteration(H, V)
    behind = memory[offset + n * n : offset + 2 * n * n].reshape(n, n)
    for i in range(n):
        for j in range(n):
            stored[i, j] = H[i, j]
            behind[i, j] = V[i, j]
    return order


@kernel
def adam_step(G, m, v, V, U, beta1, beta2, eps):
    """Return m / (sqrt(v) + eps) of an array, divided in the basis of V and U; v is in that basis, and m is not.

    Components of the gradient that are rounding errors count as 0: Adam would make them as large as the others.
    """
    real = m.dtype.type
    g, norm, root2 = rotate(G, V, U), 0.0, np.sqrt(1 - beta2)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            norm += squared(G[i, j])
            m[i, j] = real(beta1 * np.float64(m[i, j]) + (1 - beta1) * G[i, j])
    noise = (V.shape[0] + U.shape[0]) * np.finfo(m.dtype).eps * np.sqrt(norm)
    step = rotate(m.astype(np.float64), V, U)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            new = squared(root2 * g[i, j]) if abs(g[i, j]) > noise else 0.0
            v[i, j] = real(beta2 * np.float64(v[i, j]) + new)
            step[i, j] = step[i, j] / (np.sqrt(np.float64(v[i, j])) + eps) if v[i, j] > 0 else 0.0
    return rotate(step, np.ascontiguousarray(V.T), np.ascontiguousarray(U.T))


@kernel
def reorder(v, by_row, by_column):
    """Put the rows and the columns of v into an order."""
    old = v.copy()
    for i in range(v.shape[0]):
        for j in range(v.shape[1]):
            v[i, j] = old[by_row[i], by_column[j]]


@rule
def soap(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Step in the basis of the previous statistics, then update those; the first step only starts them."""
    real = theta.dtype.type
    beta1, beta2, eps, weight_decay, every, max_precondition_dim = hyper
    m, v = state[0], state[1]
    memory, offset = state[2:].reshape(-1), 0
    due = (k - 1) % int(every) == 0
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        left = rows if rows <= max_precondition_dim else 0
        right = columns if rows > 0 and columns <= max_precondition_dim else 0
        rows, decay = max(rows, 1), (1 - rate * weight_decay if rows > 0 else 1.0)
        stop, behind = start + rows * columns, offset + 2 * left * left
        G = grad[start:stop].astype(np.float64).reshape(rows, columns)
        v_here = v[start:stop].reshape(rows, columns)
        if k > 1:
            V, U = basis(memory, offset, left), basis(memory, behind, right)
            step = adam_step(G, m[start:stop].reshape(rows, columns), v_here, V, U, beta1, beta2, eps)
            lr = rate * np.sqrt(1 - beta2 ** (k - 1)) / (1 - beta1 ** (k - 1))
            for i in range(rows):
                for j in range(columns):
                    at = start + i * columns + j
                    theta[at] = real(decay) * (theta[at] - real(lr * step[i, j]))
        by_row = update_basis(G, memory, offset, left, beta2, due, k == 1)
        by_column = update_basis(np.ascontiguousarray(G.T), memory, behind, right, beta2, due, k == 1)
        if due and k > 1:
            reorder(v_here, by_row, by_column)
        offset = behind + 2 * right * right


class SOAP(Optimizer):
    """Adam in a rotated basis: that of the eigenvectors of Shampoo's statistics of rows and columns.

    Formula:
        L  <- beta2 L + (1 - beta2) G G^T,  R <- beta2 R + (1 - beta2) G^T G
        g   = Q_L^T G Q_R        Q_L, Q_R: eigenvectors of L and R after the previous step
        m  <- beta1 m + (1 - beta1) G
        v  <- beta2 v + (1 - beta2) g²
        a   = lr sqrt(1 - beta2^(k-1)) / (1 - beta1^(k-1))
        W  <- W - a Q_L [Q_L^T m Q_R / (sqrt(v) + eps)] Q_R^T
        W  <- W (1 - lr weight_decay)

    As in pytorch_optimizer, the first step only computes L, R and their eigenvectors. Later, one round of power
    iteration updates the eigenvectors in each step whose number k - 1 is a multiple of ``every``. Bias vectors are not
    rotated: they get Adam's step. Other than in pytorch_optimizer, they do not decay, the power iteration does not
    round to float32, and components of g that are rounding errors count as 0.

    A side of n rows or columns takes 2 n² numbers of memory, and its eigenvectors take n³ operations. Larger sides than
    max_precondition_dim are not rotated; pytorch_optimizer's default is 10,000.

    Source: Vyas et al., arXiv 2409.11321; pytorch_optimizer.SOAP.
    """

    name: Literal["soap"] = "soap"
    lr: Rate = 0.003
    beta1: Beta1 = 0.95
    beta2: Beta2 = 0.95
    eps: Eps = 1e-8
    weight_decay: Annotated[
        Amount,
        Field(description="weight decay of the weights, not the biases, after each step"),
    ] = 0.01
    every: Annotated[Count, Field(description="steps between updates of the eigenvectors")] = 10
    max_precondition_dim: Annotated[
        Count, Field(description="largest number of rows or columns of a weight matrix that are rotated")
    ] = 1000
    update: ClassVar[CompiledFunction] = soap
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 2
    setup_steps: ClassVar[int] = 1
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}

    def rows(self, tensors: NDArray[np.int64]) -> int:
        """Return the state vectors that m, v, the statistics and their eigenvectors take."""
        sides = tensors[tensors[:, 1] > 0, 1:]
        squares = 2 * int((sides[sides <= self.max_precondition_dim] ** 2).sum())
        return self.state_rows + -(-squares // int((np.maximum(tensors[:, 1], 1) * tensors[:, 2]).sum()))
