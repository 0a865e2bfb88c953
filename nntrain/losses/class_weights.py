"""Class weights: samples of rare classes can weigh more."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.losses import Loss, RowWeights
from nntrain.registry import DIALECT, Amount


@kernel
def weight(weights, j):
    """Return the weight of class j; 1 if ``weights`` is empty."""
    return weights[j] if weights.size > 0 else 1.0


@kernel
def are_classes(target, classes, weights):
    """Return whether all targets (B, L) are class indices below ``classes``, and weights exist for all classes or none.

    The loss uses targets as indices, and compiled code checks them nowhere else. NaN is not a class.
    """
    valid = weights.size == 0 or weights.size == classes
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            valid &= target[i, j] >= 0 and target[i, j] < classes
    return valid


@kernel
def denominator(target, weights, weighted):
    """Return the denominator of the mean: the number of samples, or the sum of their weights."""
    if weights.size == 0 or weighted == 0:
        return float(target.shape[0])
    total = 0.0
    for i in range(target.shape[0]):
        total += weights[int(target[i, 0])]
    return total if total > 0 else 1.0  # if all weights are 0, so is the sum


MIN_PROBABILITY = 1e-12  # lower bound before taking a logarithm

WeightedMean = Annotated[
    bool, Field(description="whether the mean divides by the sum of the weights instead of the number of samples")
]


class WeighsClasses(Loss):
    """A classification loss with a weight w for each class: the mean of w L over the samples.

    scikit-learn and torch's CrossEntropyLoss divide by the sum of the weights in a batch, keras and torch's
    BCEWithLogitsLoss by the number of samples. As in scikit-learn, the balanced weight of a class with n of the N
    training samples is N / (C n).
    """

    dialect: Annotated[Literal["torch", "keras", "scikit-learn"], DIALECT] = "torch"
    class_weights: Annotated[
        Literal["balanced"] | list[Amount] | None,
        Field(description="balanced, or a list with the weight of each class in their order; null: all 1"),
    ] = None
    weighted_mean: WeightedMean = True

    def resolved(self, counts: NDArray[Any]) -> Self:
        """Return the loss with balanced weights as numbers, for ``counts`` training samples of each class.

        If rows have weights, ``counts`` are the total weights of the classes.
        """
        match self.class_weights:
            case "balanced":
                weights = counts.sum() / (counts.size * np.where(counts > 0, counts, 1))
                return self.model_copy(update={"class_weights": weights.tolist()})
            case list(weights) if not any(weight and count for weight, count in zip(weights, counts, strict=True)):
                raise ValueError("found 0 for every class in the training data")
        return self

    def numbers(self) -> tuple[float, ...]:
        """Return (weighted_mean, *weights); no weights if all are 1."""
        if isinstance(self.class_weights, str):
            raise TypeError("balanced class weights are not resolved")
        return (self.weighted_mean, *(self.class_weights or ()))

    def weights(self, classes: int) -> NDArray[np.float64]:
        """Return the weight of each class (C)."""
        return np.ones(classes) if self.class_weights is None else np.asarray(self.class_weights, np.float64)

    @staticmethod
    def class_counts(target: NDArray[Any], classes: int, weights: RowWeights = None) -> NDArray[Any]:
        """Return the number of samples of each class (C) in ``target`` (N, 1), or their total weight."""
        return np.bincount(target[:, 0].astype(np.int64), weights, classes)

    def sample_weights(self, target: NDArray[Any], weights: RowWeights = None) -> RowWeights:
        """Return the weight of each sample: that of its row, times that of its class if the mean divides by it."""
        if not self.class_weights or not self.weighted_mean:
            return weights
        of_class = np.asarray(self.class_weights, np.float64)[target[:, 0].astype(np.int64)]
        return of_class if weights is None else weights * of_class
