"""Muon: orthogonalized momentum, so that steps have the same size in every direction."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.matmul.gemm import multiply_on_one_thread, scratch_size
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Positive

ITERATIONS = 5
A, B, C = 3.4445, -4.7750, 2.0315  # coefficients of the quintic that drives singular values towards 1


@kernel
def product(X, Y, scratch):
    """Return X Y."""
    XY = np.empty((X.shape[0], Y.shape[1]), X.dtype)
    multiply_on_one_thread(X, Y, X[0, :0], XY, scratch)
    return XY


@kernel
def orthogonalized(G, eps, scratch):
    """Return approximately U V^T for G = U S V^T, by a Newton-Schulz iteration on the smaller side."""
    real = G.dtype.type
    wide = G.shape[0] <= G.shape[1]
    X = G.copy() if wide else np.ascontiguousarray(G.T)
    norm = 0.0
    for row in range(X.shape[0]):
        for column in range(X.shape[1]):
            norm += squared(float(X[row, column]))
    X *= real(1 / max(np.sqrt(norm), eps))
    for _ in range(ITERATIONS):
        gram = product(X, np.ascontiguousarray(X.T), scratch)
        X = real(A) * X + product(real(B) * gram + real(C) * product(gram, gram, scratch), X, scratch)
    return X if wide else np.ascontiguousarray(X.T)


@rule
def muon(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Orthogonalize the momentum of each weight matrix; update vectors by Adam."""
    real = theta.dtype.type
    momentum, eps_norm, beta1, beta2, eps = hyper
    mu, new = real(momentum), real(1 - momentum)
    correction = np.sqrt(1 - beta2**k)
    of_vectors, eps = real(rate * correction / (1 - beta1**k)), real(eps * correction)
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v = state[0], state[1]
    scratch = np.empty(scratch_size(theta.itemsize), theta.dtype)
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        if rows == 0:
            for i in range(start, start + columns):
                g = grad[i]
                m[i] = beta1 * m[i] + new1 * g
                v[i] = beta2 * v[i] + squared(root2 * g)
                theta[i] -= of_vectors * m[i] / (np.sqrt(v[i]) + eps)
            continue
        stop = start + rows * columns
        for i in range(start, stop):
            m[i] = mu * m[i] + new * grad[i]
            v[i] = mu * m[i] + new * grad[i]
        step = orthogonalized(v[start:stop].reshape(rows, columns), eps_norm, scratch)
        # as in torch, whose rows are outputs: a matrix with more outputs than inputs takes longer steps
        lr = real(rate * np.sqrt(max(1.0, columns / rows)))
        W = theta[start:stop].reshape(rows, columns)
        for row in range(rows):
            for column in range(columns):
                W[row, column] -= lr * step[row, column]


class Muon(Optimizer):
    """Momentum orthogonalized by a Newton-Schulz iteration, for weight matrices; Adam updates the biases.

    Formula:
        m <- momentum m + (1 - momentum) G
        O  = NS5(momentum m + (1 - momentum) G)    about U V^T of U S V^T
        W <- W - lr sqrt(max(1, outputs / inputs)) O

    Source: Jordan et al. 2024; torch.optim.Muon, which iterates in bfloat16 and takes matrices only.
    """

    name: Literal["muon"] = "muon"
    lr: Rate = 0.001
    momentum: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")] = 0.95
    eps_norm: Annotated[Positive, Field(description="smallest norm that a matrix is divided by")] = 1e-7
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    update: ClassVar[CompiledFunction] = muon
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 2
