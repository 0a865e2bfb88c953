"""Batch normalization: each unit gets mean 0 and variance 1 over the rows of a batch.

Outside of training, running averages replace the batch's mean and variance.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.norms import Affine, Eps, Norm
from nntrain.registry import DIALECT, Dialects


class BatchNorm(Norm):
    """Batch normalization.

    Formula:
        n = (z - mean) / sqrt(var + eps)    mean and var of each unit over the B rows
        z <- gamma n + beta                 gamma and beta start at 1 and 0, and stay there if affine is false
        dgamma = Σ d n,  dbeta = Σ d
        dz = gamma / sqrt(var + eps) (d - Σ d / B - n Σ (d n) / B)

    Evaluation uses running averages: running <- (1 - momentum) running + momentum batch. keras defines momentum as
    1 minus this one (0.99 is 0.01 here), and its running variance is biased. A batch of one row has no variance and
    does not change the running averages.

    Source: Lan, Hong; Ioffe and Szegedy, arXiv 1502.03167. Lan has eps 1e-8.
    """

    name: Literal["batch"] = "batch"
    dialect: Annotated[Literal["torch", "keras", "lecture"], DIALECT] = "torch"
    eps: Eps = 1e-5
    affine: Affine = True
    momentum: Annotated[float, Field(gt=0, le=1, description="weight of a batch in the running averages")] = 0.1
    unbiased: Annotated[bool, Field(description="whether the running variance divides by B - 1 instead of B")] = True
    by_row: ClassVar[bool] = False
    dialects: ClassVar[Dialects] = {
        "keras": {"eps": 0.001, "momentum": 0.01, "unbiased": False},
        "lecture": {"eps": 1e-8},
    }

    @property
    def averaging(self) -> tuple[float, bool]:
        """Return (momentum, unbiased)."""
        return (self.momentum, self.unbiased)


@kernel
def zeros(sums, start, size):
    """Return a part of ``sums``, set to zero."""
    part = view(sums, start, (size,))
    for j in range(size):
        part[j] = 0
    return part


@kernel
def normalize_by_batch(z, n, scale, sums, running, eps, momentum, unbiased):
    """Fill n (B, O) and scale (O) from the batch's mean and variance, and update the running ones (2, O).

    It reads z row by row, in memory order; sums are float64, as a batch may have a million rows.
    """
    real = z.dtype.type
    rows, units = z.shape
    means, squares = zeros(sums, 0, units), zeros(sums, units, units)
    for i in range(rows):
        for j in range(units):
            means[j] += z[i, j]
    for j in range(units):
        means[j] /= rows
    for i in range(rows):
        for j in range(units):
            squares[j] += (z[i, j] - means[j]) ** 2
    divisor = rows - 1 if unbiased else rows
    for j in range(units):
        scale[j] = real(1 / np.sqrt(squares[j] / rows + eps))
        if rows > 1:
            running[0, j] += real(momentum) * (real(means[j]) - running[0, j])
            running[1, j] += real(momentum) * (real(squares[j] / divisor) - running[1, j])
    for i in range(rows):
        for j in range(units):
            n[i, j] = (z[i, j] - real(means[j])) * scale[j]


@kernel
def normalize_by_running(z, n, scale, running, eps):
    """Fill n (B, O) and scale (O) from the running mean and variance (2, O)."""
    real = z.dtype.type
    for j in range(z.shape[1]):
        scale[j] = real(1 / np.sqrt(running[1, j] + eps))
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            n[i, j] = (z[i, j] - running[0, j]) * scale[j]


@kernel
def batch_norm_backward(d, n, scale, sums, gamma, dgamma, dbeta):
    """Turn d (B, O) from dL/d(gamma n + beta) into dL/dz, and fill dgamma and dbeta (O), or empty if not trained."""
    real = d.dtype.type
    rows, units = d.shape
    sum_d, sum_dn = zeros(sums, 0, units), zeros(sums, units, units)
    for i in range(rows):
        for j in range(units):
            sum_d[j] += d[i, j]
            sum_dn[j] += d[i, j] * n[i, j]
    for j in range(dgamma.size):
        dbeta[j], dgamma[j] = sum_d[j], sum_dn[j]
    for i in range(rows):
        for j in range(units):
            centered = d[i, j] - real(sum_d[j] / rows) - n[i, j] * real(sum_dn[j] / rows)
            d[i, j] = gamma[j] * scale[j] * centered
