"""Hinge loss: no loss beyond the margin."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, Loss, RowWeights, mean


@compiled(LOSS)
def hinge(output, target, delta, numbers):
    """1/B Σ max(0, 1 - o o*), o* = ±1; the derivative at the margin is 0."""
    zero, one = output.dtype.type(0), output.dtype.type(1)
    scale = output.dtype.type(1.0 / output.size)
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            margin = one - output[i, j] * target[i, j]
            total += max(zero, margin)
            delta[i, j] = -scale * target[i, j] if margin > zero else zero
    return total / output.size


class Hinge(Loss):
    """Hinge loss of one output for two classes, -1 and 1, as in support vector machines.

    Formula:
        L  = 1/B Σ max(0, 1 - o o*)
        dL/do = -o*/B  if o o* < 1, else 0

    Source: Cortes and Vapnik 1995; keras.losses.Hinge.
    """

    name: Literal["hinge"] = "hinge"
    function: ClassVar[CompiledFunction] = hinge
    has_kinks: ClassVar[bool] = True
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    classes: ClassVar[int | None] = 2

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return 1: the signed distance from the boundary."""
        return 1

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the sign of the larger class."""
        return np.where(mean(target, weights) > 0, 1.0, -1.0)

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return -1 for the first class and 1 for the second, as a column."""
        return 2.0 * y.reshape(-1, 1) - 1

    def predict_class(self, output: NDArray[Any]) -> NDArray[np.int64]:
        """Return 1 where the output is positive."""
        return (output[:, 0] > 0).astype(np.int64)
