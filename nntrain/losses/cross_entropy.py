"""Softmax and cross-entropy in one: an output unit for each class."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.arrays import view
from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled, kernel
from nntrain.losses import LOSS
from nntrain.losses.class_weights import TINY, WeighsClasses, are_classes, mass, weight
from nntrain.registry import Dialects

MANY = 1e200  # far from what float64 can hold


@kernel
def shift(output, delta):
    """Fill delta with z - z_max: exp of it is within (0, 1], and the sum of a row's within [1, C]."""
    rows, classes = output.shape
    for i in range(rows):
        largest = output[i, 0]
        for j in range(1, classes):
            largest = max(largest, output[i, j])
        for j in range(classes):
            delta[i, j] = output[i, j] - largest


@kernel
def cross_entropy(output, target, delta, numbers):
    """-1/m Σ_i Σ_j q_j log p_j, where q_j is a weight times the truth of class j, and m counts the rows or weights."""
    real = output.dtype.type
    rows, classes = output.shape
    smoothing, by_row, weights = numbers[0], numbers[1] != 0, numbers[3:]
    spread, right = smoothing / classes, 1 - smoothing  # the truth of each class, and what the true one has more
    scale = 1 / mass(target, weights, numbers[2])
    shift(output, delta)
    total = 0.0
    for i in range(rows):
        truth = int(target[i, 0])
        total -= right * weight(weights, truth) * delta[i, truth]
        if spread > 0:
            for j in range(classes):
                total -= spread * weight(weights, truth if by_row else j) * delta[i, j]
    flat = view(delta, 0, (delta.size,))
    for i in range(flat.size):
        flat[i] = exp(flat[i])
    of_each_class = 0.0
    for j in range(classes):
        of_each_class += spread * weight(weights, j)
    normalisers = 1.0  # multiplied with each other, so that many rows take one logarithm
    for i in range(rows):
        truth, normaliser = int(target[i, 0]), real(0)
        for j in range(classes):
            normaliser += delta[i, j]
        q_true = right * weight(weights, truth)
        q = q_true + (smoothing * weight(weights, truth) if by_row else of_each_class)
        normalisers *= normaliser
        if weights.size > 0 or normalisers > MANY or i == rows - 1:
            total += q * np.log(normalisers)
            normalisers = 1.0
        factor = real(q * scale) / normaliser
        for j in range(classes):
            delta[i, j] *= factor
        delta[i, truth] -= real(q_true * scale)
        if spread > 0:
            for j in range(classes):
                delta[i, j] -= real(spread * weight(weights, truth if by_row else j) * scale)
    return total * scale


@compiled(LOSS)
def softmax_cross_entropy(output, target, delta, numbers):
    """Cross-entropy, or NaN where a target is no class."""
    if not are_classes(target, output.shape[1], numbers[3:]):
        return np.nan
    return cross_entropy(output, target, delta, numbers)


class CrossEntropy(WeighsClasses):
    """Cross-entropy of the softmax of the logits z, with the softmax inside the loss.

    Formula:
        p_k = exp(z_k) / Σ_i exp(z_i)
        L   = -1/B Σ log p_true
            =  1/B Σ [log Σ_k exp(z_k - z_max) + z_max - z_true]
        dL/dz_k = (p_k - [k is true]) / B

    With smoothing s the truth is 1 - s + s/C for the true class and s/C for the others. With class weights torch
    multiplies each class's log p_k by its weight, keras and scikit-learn the whole row by the weight of its true class
    (weighted_rows); without smoothing these are the same. The mean is a weighted one in torch and scikit-learn.

    Source: K, L, S, N; as torch.nn.CrossEntropyLoss. K sums over the examples where this is a mean. Label smoothing:
    Szegedy et al., arXiv 1512.00567.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    smoothing: Annotated[float, Field(ge=0, lt=1, description="share of the truth spread over all classes")] = 0.0
    weighted_rows: Annotated[
        bool,
        Field(description="with smoothing: whether a row counts by its class's weight, not each term by its own"),
    ] = False
    function: ClassVar[CompiledFunction] = softmax_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    inside: ClassVar[str] = "softmax"
    dialects: ClassVar[Dialects] = {
        "keras": {"weighted_mean": False, "weighted_rows": True},
        "scikit-learn": {"weighted_rows": True},
    }

    def numbers(self) -> tuple[float, ...]:
        """Return (smoothing, weighted_rows, weighted_mean, *weights)."""
        return (self.smoothing, self.weighted_rows, *super().numbers())

    def least(self, target: NDArray[Any], outputs: int) -> float:
        """Return the loss where each row's probabilities are its smoothed truth; without smoothing it is 0."""
        truth, counts = self._truth(outputs), self.rows_of_each(target, outputs)
        probabilities = truth / np.maximum(truth.sum(axis=1, keepdims=True), TINY)
        of_class = -(truth * np.log(np.maximum(probabilities, TINY))).sum(axis=1)
        return float(counts @ of_class / (counts @ self.weights(outputs) if self.weighted_mean else counts.sum()))

    def constant(self, target: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Return the logarithms of the classes' shares, smoothed and by weight."""
        truth = self.rows_of_each(target, outputs) @ self._truth(outputs)
        return np.asarray(np.log(np.maximum(truth / truth.sum(), TINY)))

    def _truth(self, classes: int) -> NDArray[np.float64]:
        """Return q (C, C): the smoothed and weighted truth of a row of each class."""
        truth = (1 - self.smoothing) * np.eye(classes) + self.smoothing / classes
        weights = self.weights(classes)
        return np.asarray(truth * (weights[:, None] if self.weighted_rows else weights))

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return softmax(z), (N, C)."""
        z = output.astype(np.float64)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))
