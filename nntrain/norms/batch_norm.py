"""Batch normalisation: each unit gets mean 0 and variance 1 over the rows of a batch.

After training, running averages take the place of the batch's mean and variance.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.kernels import kernel
from nntrain.norms import Eps, Norm
from nntrain.registry import DIALECT, Dialects


class BatchNorm(Norm):
    """Batch normalisation.

    Formula:
        n = (z - mean) / sqrt(var + eps)    mean and var over the B rows, each unit for itself
        z <- gamma n + beta                 gamma 1 and beta 0 at first, learnt
        dgamma = Σ d n,  dbeta = Σ d
        dz = gamma / sqrt(var + eps) (d - Σ d / B - n Σ (d n) / B)

    Evaluation takes running averages: running <- (1 - momentum) running + momentum batch's. keras counts its momentum
    the other way round (0.99 is 0.01 here), and does not correct the running variance.

    Source: S, H; Ioffe and Szegedy, arXiv 1502.03167. S has eps 1e-8.
    """

    name: Literal["batch"] = "batch"
    dialect: Annotated[Literal["torch", "keras", "lecture"], DIALECT] = "torch"
    eps: Eps = 1e-5
    momentum: Annotated[float, Field(gt=0, le=1, description="share of a batch in the running averages")] = 0.1
    unbiased: Annotated[bool, Field(description="whether the running variance divides by B - 1, not B")] = True
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
def normalise_by_batch(z, n, scale, running, eps, momentum, unbiased):  # type: ignore[no-untyped-def]
    """Fill n (B, O) and scale (O) from the batch's own mean and variance, and update the running ones (2, O)."""
    real = z.dtype.type
    rows = z.shape[0]
    for j in range(z.shape[1]):
        mean, square = 0.0, 0.0
        for i in range(rows):
            mean += z[i, j]
        mean /= rows
        for i in range(rows):
            square += (z[i, j] - mean) ** 2
        variance = square / rows
        scale[j] = real(1 / np.sqrt(variance + eps))
        for i in range(rows):
            n[i, j] = (z[i, j] - real(mean)) * scale[j]
        if unbiased and rows > 1:
            variance = square / (rows - 1)
        running[0, j] += real(momentum) * (real(mean) - running[0, j])
        running[1, j] += real(momentum) * (real(variance) - running[1, j])


@kernel
def normalise_by_running(z, n, running, eps):  # type: ignore[no-untyped-def]
    """Fill n (B, O) from the running mean and variance (2, O)."""
    real = z.dtype.type
    for j in range(z.shape[1]):
        scale = real(1 / np.sqrt(running[1, j] + eps))
        for i in range(z.shape[0]):
            n[i, j] = (z[i, j] - running[0, j]) * scale


@kernel
def batch_norm_backward(d, n, scale, gamma, dgamma, dbeta):  # type: ignore[no-untyped-def]
    """Turn d (B, O) from dL/d(gamma n + beta) into dL/dz, and fill dgamma and dbeta (O)."""
    real = d.dtype.type
    rows = d.shape[0]
    for j in range(d.shape[1]):
        total, along = 0.0, 0.0
        for i in range(rows):
            total += d[i, j]
            along += d[i, j] * n[i, j]
        dbeta[j], dgamma[j] = total, along
        factor, mean, share = gamma[j] * scale[j], real(total / rows), real(along / rows)
        for i in range(rows):
            d[i, j] = factor * (d[i, j] - mean - n[i, j] * share)
