"""Softmax and cross-entropy in one: an output unit for each class."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.kernels import Entry, entry
from nntrain.losses import LOSS, Loss


@entry(LOSS)
def softmax_cross_entropy(output, target, delta):  # type: ignore[no-untyped-def]
    """Take the largest logit off first: exp then stays within (0, 1] and its sum within [1, C]."""
    rows, classes = output.shape
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
        total += np.log(normaliser) + largest - output[i, truth]
        for j in range(classes):
            delta[i, j] *= scale / normaliser
        delta[i, truth] -= scale
    return total / rows


class CrossEntropy(Loss):
    """Cross-entropy of the softmax of the logits z, with the softmax inside the loss.

    Formula:
        p_k = exp(z_k) / Σ_i exp(z_i)
        L   = -1/B Σ log p_true
            =  1/B Σ [log Σ_k exp(z_k - z_max) + z_max - z_true]
        dL/dz_k = (p_k - [k is true]) / B

    Source: K, L, S, N; as torch.nn.CrossEntropyLoss. K sums over the examples where this is a mean.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    function: ClassVar[Entry] = softmax_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    inside: ClassVar[str] = "softmax"

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return softmax(z), (N, C)."""
        z = output.astype(np.float64)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))
