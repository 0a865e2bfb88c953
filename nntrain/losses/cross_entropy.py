"""Softmax and cross-entropy in one: an output unit for each class."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.kernels import Entry, entry
from nntrain.losses import LOSS, Loss


@entry(LOSS)
def softmax_cross_entropy(output, target, delta, numbers):  # type: ignore[no-untyped-def]
    """Take the largest logit off first: exp then stays within (0, 1] and its sum within [1, C]."""
    rows, classes = output.shape
    smoothing = numbers[0]
    others = output.dtype.type(smoothing / classes / rows)
    scale = output.dtype.type(1.0 / rows)
    total = 0.0
    for i in range(rows):
        largest = output[i, 0]
        for j in range(1, classes):
            largest = max(largest, output[i, j])
        normaliser = output.dtype.type(0)
        for j in range(classes):
            delta[i, j] = np.exp(output[i, j] - largest)
            normaliser += delta[i, j]
        truth = int(target[i, 0])
        mean = 0.0
        for j in range(classes):
            delta[i, j] = delta[i, j] * scale / normaliser - others
            mean += output[i, j] / classes
        total += np.log(normaliser) + largest - (1 - smoothing) * output[i, truth]
        if smoothing > 0:
            total -= smoothing * mean
        delta[i, truth] -= scale * output.dtype.type(1 - smoothing)
    return total / rows


class CrossEntropy(Loss):
    """Cross-entropy of the softmax of the logits z, with the softmax inside the loss.

    Formula:
        p_k = exp(z_k) / Σ_i exp(z_i)
        L   = -1/B Σ log p_true
            =  1/B Σ [log Σ_k exp(z_k - z_max) + z_max - z_true]
        dL/dz_k = (p_k - [k is true]) / B

    With smoothing s the truth is 1 - s + s/C for the true class and s/C for the others.

    Source: K, L, S, N; as torch.nn.CrossEntropyLoss. K sums over the examples where this is a mean. Label smoothing:
    Szegedy et al., arXiv 1512.00567.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    smoothing: Annotated[float, Field(ge=0, lt=1, description="share of the truth spread over all classes")] = 0.0
    function: ClassVar[Entry] = softmax_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    inside: ClassVar[str] = "softmax"

    def numbers(self) -> tuple[float, ...]:
        """Return (smoothing,)."""
        return (self.smoothing,)

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return softmax(z), (N, C)."""
        z = output.astype(np.float64)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))
