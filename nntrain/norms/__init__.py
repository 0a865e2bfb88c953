"""Normalisation of a layer's pre-activations: mean 0 and variance 1, and then a learnt scale and shift.

It stands before the activation. Each is a pair of loops over z (B, O), forward and backward, which the walk knows by
name; a new one needs a place there.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.registry import Component, Positive

Eps = Annotated[Positive, Field(description="added to the variance")]


class Norm(Component, family="norm"):
    """A normalisation: over the rows of a batch, each unit for itself, or over the units, each row for itself."""

    eps: Eps
    by_row: ClassVar[bool]

    @property
    def averaging(self) -> tuple[float, bool]:
        """Return a batch's share in the running averages, and whether their variance is the unbiased one."""
        return (0.0, False)


@kernel
def scale_and_shift(n, gamma, beta, z):
    """Fill z (B, O) with gamma n + beta."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = gamma[j] * n[i, j] + beta[j]
