"""Layer normalization: each row gets mean 0 and variance 1 over the layer's units, in training and evaluation."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from nntrain.jit.kernels import kernel
from nntrain.norms import Affine, Eps, Norm
from nntrain.registry import DIALECT, Dialects


class LayerNorm(Norm):
    """Layer normalization.

    Formula:
        n = (z - mean) / sqrt(var + eps)    mean and var of each row over the O units
        z <- gamma n + beta                 gamma and beta start at 1 and 0, and stay there if affine is false
        dgamma = Σ d n,  dbeta = Σ d        over the rows
        dz = (e - mean(e) - n mean(e n)) / sqrt(var + eps),  e = gamma d

    A row's result does not depend on the other rows of the batch, so there are no running averages.

    Source: Ba, Kiros and Hinton, arXiv 1607.06450; torch.nn.LayerNorm.
    """

    name: Literal["layer"] = "layer"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    eps: Eps = 1e-5
    affine: Affine = True
    by_row: ClassVar[bool] = True
    dialects: ClassVar[Dialects] = {"keras": {"eps": 0.001}}


@kernel
def normalize_by_row(z, n, scale, eps):
    """Fill n (B, O) and scale (B) from the mean and variance of each row."""
    real = z.dtype.type
    units = z.shape[1]
    for i in range(z.shape[0]):
        mean, square = 0.0, 0.0
        for j in range(units):
            mean += z[i, j]
        mean /= units
        for j in range(units):
            square += (z[i, j] - mean) ** 2
        scale[i] = real(1 / np.sqrt(square / units + eps))
        for j in range(units):
            n[i, j] = (z[i, j] - real(mean)) * scale[i]


@kernel
def layer_norm_backward(d, n, scale, gamma, dgamma, dbeta):
    """Turn d (B, O) from dL/d(gamma n + beta) into dL/dz, and fill dgamma and dbeta (O), or empty if not trained."""
    real = d.dtype.type
    units = d.shape[1]
    dgamma[:], dbeta[:] = 0, 0
    for i in range(d.shape[0]):
        total, dot = 0.0, 0.0
        for j in range(dgamma.size):
            dgamma[j] += d[i, j] * n[i, j]
            dbeta[j] += d[i, j]
        for j in range(units):
            d[i, j] *= gamma[j]
            total += d[i, j]
            dot += d[i, j] * n[i, j]
        mean, mean_dot = real(total / units), real(dot / units)
        for j in range(units):
            d[i, j] = scale[i] * (d[i, j] - mean - n[i, j] * mean_dot)
