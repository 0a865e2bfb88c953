"""Shampoo: AdaGrad with a matrix for each side of a weight matrix."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Optimizer, Rate, rule
from nntrain.optimizers.symmetric import power, times
from nntrain.registry import DIALECT, Count, Dialects, Positive


@kernel
def precondition(G, P, memory, offset, eps, exponent, due, first):
    """Add G^T G to the statistics (n, n) at ``offset``; return P times their power, which lies behind them."""
    n = G.shape[1]
    H = memory[offset : offset + n * n].reshape(n, n)
    root = memory[offset + n * n : offset + 2 * n * n].reshape(n, n)
    squares = times(np.ascontiguousarray(G.T), G)
    for i in range(n):
        for j in range(n):
            H[i, j] += squares[i, j]
        if first:
            H[i, i] += eps
    if due:
        found = power(H.astype(np.float64), exponent, eps, np.finfo(H.dtype).eps)
        for i in range(n):
            for j in range(n):
                root[i, j] = found[i, j]
    return times(P, root.astype(np.float64))


@rule
def shampoo(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Precondition the gradient of each array from the left and from the right."""
    real = theta.dtype.type
    momentum, eps, exponent, chained, every = hyper
    steps, memory, offset = state[0], state[1:].reshape(-1), 0
    due = (k - 1) % int(every) == 0
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        order, rows = (2 if rows > 0 else 1), max(rows, 1)
        stop = start + rows * columns
        G = grad[start:stop].astype(np.float64).reshape(rows, columns)
        if momentum > 0 and k > 1:
            for i in range(rows):
                for j in range(columns):
                    G[i, j] = (1 - momentum) * G[i, j] + momentum * np.float64(steps[start + i * columns + j])
        P = G
        if order == 2:
            G_T = np.ascontiguousarray(G.T)
            P = np.ascontiguousarray(precondition(G_T, G_T, memory, offset, eps, -exponent / 2, due, k == 1).T)
            offset += 2 * rows * rows
        P = precondition(P if chained != 0 else G, P, memory, offset, eps, -exponent / order, due, k == 1)
        offset += 2 * columns * columns
        for i in range(rows):
            for j in range(columns):
                steps[start + i * columns + j] = P[i, j]
                theta[start + i * columns + j] -= real(rate * P[i, j])


class Shampoo(Optimizer):
    """Second-order statistics of the rows and of the columns of each gradient.

    Formula:
        L <- L + G G^T,  R <- R + G^T G    eps I at first
        W <- W - lr L^(-exponent / 2) G R^(-exponent / 2)
        b <- b - lr H^(-exponent) g,  H <- H + g g^T

    torch_optimizer has exponent 1 instead of 1/2, and computes R from the gradient that L has preconditioned
    (chained). Its momentum mixes the previous step, without lr, into the gradient: G becomes
    (1 - momentum) G + momentum (the previous L^(...) G R^(...)).

    A matrix of n rows takes n³ operations for its power; every: 20 computes them in each 20th step only.

    Source: Gupta et al., arXiv 1802.09568; torch_optimizer.Shampoo.
    """

    name: Literal["shampoo"] = "shampoo"
    dialect: Annotated[Literal["paper", "torch-optimizer"], DIALECT] = "paper"
    lr: Rate = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1, description="fraction of the previous step in the gradient")] = 0.0
    eps: Annotated[Positive, Field(description="initial value on the diagonals of the statistics")] = 1e-4
    exponent: Annotated[Positive, Field(description="power of the statistics: 1/2 as in AdaGrad")] = 0.5
    chained: Annotated[
        bool,
        Field(description="whether the columns' statistics are of the gradient that the rows' have preconditioned"),
    ] = False
    every: Annotated[Count, Field(description="steps between computations of the powers")] = 1
    update: ClassVar[CompiledFunction] = shampoo
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 1
    dialects: ClassVar[Dialects] = {"torch-optimizer": {"exponent": 1.0, "chained": True}}

    def rows(self, tensors: NDArray[np.int64]) -> int:
        """Return the state vectors that the steps, the statistics and their powers take."""
        squares = 2 * int((tensors[:, 1:] ** 2).sum())
        return self.state_rows + -(-squares // int((np.maximum(tensors[:, 1], 1) * tensors[:, 2]).sum()))
