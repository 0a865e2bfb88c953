"""Softmax cross-entropy: an output unit for each class."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.arrays import view
from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled, kernel
from nntrain.losses import LOSS, RowWeights
from nntrain.losses.class_weights import MIN_PROBABILITY, WeighsClasses, are_classes, denominator, weight
from nntrain.registry import Dialects

SAFE_PRODUCT = 1e200  # of normalizers; far below the largest float64


@kernel
def shift(output, delta):
    """Fill delta with z - z_max, so that exp(delta) is in (0, 1] and its sum over a row in [1, C]."""
    rows, classes = output.shape
    for i in range(rows):
        largest = output[i, 0]
        for j in range(1, classes):
            largest = max(largest, output[i, j])
        for j in range(classes):
            delta[i, j] = output[i, j] - largest


@kernel
def cross_entropy(output, target, delta, numbers):
    """-1/m Σ_i Σ_j q_j log p_j: q_j is the weighted target of class j, m the number or total weight of the samples."""
    real = output.dtype.type
    rows, classes = output.shape
    smoothing, by_row, weights = numbers[0], numbers[1] != 0, numbers[3:]
    spread, right = smoothing / classes, 1 - smoothing  # the target of each class, and what is added for the true one
    scale = 1 / denominator(target, weights, numbers[2])
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
    spread_weights = 0.0
    for j in range(classes):
        spread_weights += spread * weight(weights, j)
    normalizers = 1.0  # a product over samples, so that many share one logarithm
    for i in range(rows):
        truth, normalizer = int(target[i, 0]), real(0)
        for j in range(classes):
            normalizer += delta[i, j]
        q_true = right * weight(weights, truth)
        q = q_true + (smoothing * weight(weights, truth) if by_row else spread_weights)
        normalizers *= normalizer
        if weights.size > 0 or normalizers > SAFE_PRODUCT or i == rows - 1:
            total += q * np.log(normalizers)
            normalizers = 1.0
        factor = real(q * scale) / normalizer
        for j in range(classes):
            delta[i, j] *= factor
        delta[i, truth] -= real(q_true * scale)
        if spread > 0:
            for j in range(classes):
                delta[i, j] -= real(spread * weight(weights, truth if by_row else j) * scale)
    return total * scale


@compiled(LOSS)
def softmax_cross_entropy(output, target, delta, numbers):
    """Cross-entropy; NaN if a target is not a class."""
    if not are_classes(target, output.shape[1], numbers[3:]):
        return np.nan
    return cross_entropy(output, target, delta, numbers)


class CrossEntropy(WeighsClasses):
    """Cross-entropy of the softmax of logits z. The loss includes the softmax.

    Formula:
        p_k = exp(z_k) / Σ_i exp(z_i)
        L   = -1/B Σ log p_true
            =  1/B Σ [log Σ_k exp(z_k - z_max) + z_max - z_true]
        dL/dz_k = (p_k - [k is true]) / B

    With smoothing s, the target is 1 - s + s/C for the true class and s/C for the others. With class weights, torch
    multiplies each log p_k by the weight of class k; keras and scikit-learn multiply a sample's loss by the weight of
    its true class (weighted_rows). Without smoothing these are the same. torch and scikit-learn take a weighted mean.

    Source: Korea University (a sum, not a mean), Larson, Lan, Straka; torch.nn.CrossEntropyLoss. Label smoothing:
    Szegedy et al., arXiv 1512.00567.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    smoothing: Annotated[float, Field(ge=0, lt=1, description="fraction of the target spread over all classes")] = 0.0
    weighted_rows: Annotated[
        bool,
        Field(description="with smoothing: whether the weight of the true class applies to the whole loss of a sample"),
    ] = False
    function: ClassVar[CompiledFunction] = softmax_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    included_activation: ClassVar[str] = "softmax"
    dialects: ClassVar[Dialects] = {
        "keras": {"weighted_mean": False, "weighted_rows": True},
        "scikit-learn": {"weighted_rows": True},
    }

    def numbers(self) -> tuple[float, ...]:
        """Return (smoothing, weighted_rows, weighted_mean, *weights)."""
        return (self.smoothing, self.weighted_rows, *super().numbers())

    def lower_bound(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> float:
        """Return the loss of probabilities that equal the smoothed targets; 0 without smoothing."""
        targets, counts = self._targets(outputs), self.class_counts(target, outputs, weights)
        probabilities = targets / np.maximum(targets.sum(axis=1, keepdims=True), MIN_PROBABILITY)
        of_class = -(targets * np.log(np.maximum(probabilities, MIN_PROBABILITY))).sum(axis=1)
        return float(counts @ of_class / (counts @ self.weights(outputs) if self.weighted_mean else counts.sum()))

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the logarithms of the classes' smoothed and weighted frequencies."""
        frequencies = self.class_counts(target, outputs, weights) @ self._targets(outputs)
        return np.asarray(np.log(np.maximum(frequencies / frequencies.sum(), MIN_PROBABILITY)))

    def _targets(self, classes: int) -> NDArray[np.float64]:
        """Return q (C, C): the smoothed and weighted target for a sample of each class."""
        targets = (1 - self.smoothing) * np.eye(classes) + self.smoothing / classes
        weights = self.weights(classes)
        return np.asarray(targets * (weights[:, None] if self.weighted_rows else weights))

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return softmax(z), (N, C)."""
        z = output.astype(np.float64)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def hessian_product(
        self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]
    ) -> NDArray[Any] | None:
        """Return p (r - p·r) / B for each row r of the direction; None with class weights."""
        if self.class_weights is not None:
            return None
        p = self.probabilities(output)
        product = p * (direction - (p * direction).sum(axis=1, keepdims=True)) / len(output)
        return np.asarray(product, output.dtype)
