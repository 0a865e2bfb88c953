"""Class weights: a row of a rare class counts for more."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.losses import Loss
from nntrain.registry import DIALECT, Amount


@kernel
def weight(weights, j):
    """Return the weight of class j; without weights (0) it is 1."""
    return weights[j] if weights.size > 0 else 1.0


@kernel
def are_classes(target, classes, weights):
    """Return whether each target (B, 1) is a class below ``classes``, and whether each of those has a weight, or none.

    The loss reads and writes at these places, and nothing else in compiled code looks at them. NaN is no class.
    """
    inside = weights.size == 0 or weights.size == classes
    for i in range(target.shape[0]):
        inside &= target[i, 0] >= 0 and target[i, 0] < classes
    return inside


@kernel
def mass(target, weights, weighted):
    """Return what the mean divides by: the rows' number, or their weights."""
    if weights.size == 0 or weighted == 0:
        return float(target.shape[0])
    total = 0.0
    for i in range(target.shape[0]):
        total += weights[int(target[i, 0])]
    return total if total > 0 else 1.0  # nothing counts: the sum is 0 too


TINY = 1e-12  # a probability whose logarithm is taken is no smaller

WeightedMean = Annotated[
    bool, Field(description="whether the mean divides by the weights of the rows, not by their number")
]


class WeighsClasses(Loss):
    """A loss of classes in which each class has a weight w: the mean of w L over the rows.

    scikit-learn divides by the sum of the weights of a batch's rows, keras by their number, and torch by the one in its
    CrossEntropyLoss and by the other in its BCEWithLogitsLoss. Balanced weights are N / (C n) for a class with n of the
    N training rows, as scikit-learn's.
    """

    dialect: Annotated[Literal["torch", "keras", "scikit-learn"], DIALECT] = "torch"
    class_weights: Annotated[
        Literal["balanced"] | list[Amount] | None,
        Field(description="balanced, or what a row of each class counts, in the classes' order; null: all the same"),
    ] = None
    weighted_mean: WeightedMean = True

    def resolved(self, counts: NDArray[np.int64]) -> Self:
        """Return the loss with numbers for its weights, for ``counts`` training rows of each class."""
        match self.class_weights:
            case "balanced":
                weights = counts.sum() / (counts.size * np.maximum(counts, 1))
                return self.model_copy(update={"class_weights": weights.tolist()})
            case list(weights) if not any(weight and count for weight, count in zip(weights, counts, strict=True)):
                raise ValueError("found 0 for every class that there is to train on")
        return self

    def numbers(self) -> tuple[float, ...]:
        """Return (weighted_mean, *weights), without weights where all are the same."""
        if isinstance(self.class_weights, str):
            raise TypeError("balanced class weights are not resolved")
        return (self.weighted_mean, *(self.class_weights or ()))

    def weights(self, classes: int) -> NDArray[np.float64]:
        """Return the weight of each class (C)."""
        return np.ones(classes) if self.class_weights is None else np.asarray(self.class_weights, np.float64)

    @staticmethod
    def rows_of_each(target: NDArray[Any], classes: int) -> NDArray[np.int64]:
        """Return how many rows of ``target`` (N, 1) each class has (C)."""
        return np.bincount(target[:, 0].astype(np.int64), minlength=classes)

    def weigh(self, target: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the weight of each row, where the mean divides by them."""
        if not self.class_weights or not self.weighted_mean:
            return None
        return np.asarray(self.class_weights, np.float64)[target[:, 0].astype(np.int64)]
