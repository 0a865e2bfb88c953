"""Normalization of a layer's pre-activations to mean 0 and variance 1, and then a trainable scale and shift.

It comes before the activation. Scale and shift stay 1 and 0 with ``affine: false``. Each norm is a pair of loops over
z (B, O), which nntrain.network.backprop calls by name; a new one must be added there.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.registry import Component, Positive

Eps = Annotated[Positive, Field(description="added to the variance")]
Affine = Annotated[bool, Field(description="train the scale gamma and the shift beta; false: keep 1 and 0")]


class Norm(Component, family="norm"):
    """A normalization of each unit over the rows of a batch, or of each row over the units (``by_row``)."""

    eps: Eps
    affine: Affine
    by_row: ClassVar[bool]

    @property
    def averaging(self) -> tuple[float, bool]:
        """Return the weight of a batch in the running averages, and whether their variance is unbiased."""
        return (0.0, False)


@kernel
def scale_and_shift(n, gamma, beta, z):
    """Fill z (B, O) with gamma n + beta."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = gamma[j] * n[i, j] + beta[j]
