"""Softmax and cross-entropy in one: an output unit for each class."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.kernels import Entry, entry
from nntrain.losses import LOSS
from nntrain.losses.class_weights import WeighsClasses


@entry(LOSS)
def softmax_cross_entropy(output, target, delta, numbers):  # type: ignore[no-untyped-def]
    """Take the largest logit off first: exp then stays within (0, 1] and its sum within [1, C]."""
    real = output.dtype.type
    rows, classes = output.shape
    smoothing, weights = numbers[0], numbers[2:]
    mass = float(rows)
    if weights.size > 0 and numbers[1] != 0:
        mass = 0.0
        for i in range(rows):
            mass += weights[int(target[i, 0])]
    scale, mean_weight = (1 / mass if mass > 0 else 0.0), (weights.mean() if weights.size > 0 else 1.0)
    others = smoothing / classes
    total = 0.0
    for i in range(rows):
        largest = output[i, 0]
        for j in range(1, classes):
            largest = max(largest, output[i, j])
        normaliser = real(0)
        for j in range(classes):
            delta[i, j] = np.exp(output[i, j] - largest)
            normaliser += delta[i, j]
        truth = int(target[i, 0])
        right = (1 - smoothing) * (weights[truth] if weights.size > 0 else 1.0)
        share = right + smoothing * mean_weight  # of the row, in all its classes together
        factor = real(share * scale) / normaliser
        for j in range(classes):
            delta[i, j] *= factor
        delta[i, truth] -= real(right * scale)
        total += share * (np.log(normaliser) + largest) - right * output[i, truth]
        if smoothing > 0:
            for j in range(classes):
                other = others * (weights[j] if weights.size > 0 else 1.0)
                total -= other * output[i, j]
                delta[i, j] -= real(other * scale)
    return total * scale


class CrossEntropy(WeighsClasses):
    """Cross-entropy of the softmax of the logits z, with the softmax inside the loss.

    Formula:
        p_k = exp(z_k) / Σ_i exp(z_i)
        L   = -1/B Σ log p_true
            =  1/B Σ [log Σ_k exp(z_k - z_max) + z_max - z_true]
        dL/dz_k = (p_k - [k is true]) / B

    With smoothing s the truth is 1 - s + s/C for the true class and s/C for the others. With class weights each class's
    log p_k is multiplied by its weight, and the mean is a weighted one.

    Source: K, L, S, N; as torch.nn.CrossEntropyLoss. K sums over the examples where this is a mean. Label smoothing:
    Szegedy et al., arXiv 1512.00567.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    smoothing: Annotated[float, Field(ge=0, lt=1, description="share of the truth spread over all classes")] = 0.0
    function: ClassVar[Entry] = softmax_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    inside: ClassVar[str] = "softmax"

    def numbers(self) -> tuple[float, ...]:
        """Return (smoothing, weighted_mean, *weights)."""
        return (self.smoothing, *super().numbers())

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return softmax(z), (N, C)."""
        z = output.astype(np.float64)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))
