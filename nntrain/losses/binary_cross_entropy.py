"""Binary cross-entropy: an output unit for each label, the logit of its second class."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, RowWeights, mean
from nntrain.losses.class_weights import MIN_PROBABILITY, WeighsClasses, WeightedMean, are_classes, denominator, weight
from nntrain.registry import Dialects

N_CLASSES = 2


@compiled(LOSS)
def binary_cross_entropy(output, target, delta, numbers):
    """Compute exp(-|z|) only, which cannot overflow."""
    one, zero = output.dtype.type(1), output.dtype.type(0)
    weights = numbers[2:]
    if target.shape[1] != output.shape[1] or not are_classes(target, N_CLASSES, weights):
        return np.nan
    scale = 1 / denominator(target, weights, numbers[0])
    if numbers[1] == 0:
        scale /= output.shape[1]
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            z, truth = output[i, j], target[i, j]
            w = weight(weights, int(truth))
            e = exp(-abs(z))
            total += w * (max(z, zero) - z * truth + np.log1p(e))
            probability = one / (one + e) if z >= zero else e / (one + e)
            delta[i, j] = (probability - truth) * output.dtype.type(w * scale)
    return total * scale


class BinaryCrossEntropy(WeighsClasses):
    """Binary cross-entropy of a logit z. The loss includes the sigmoid: the output layer is linear.

    Formula:
        p  = 1 / (1 + exp(-z))
        L  = -1/B Σ [o* log p + (1 - o*) log(1 - p)]
           =  1/B Σ [max(z, 0) - z·o* + log(1 + exp(-|z|))]
        dL/dz = (p - o*) / B

    The second form neither overflows nor takes the logarithm of 0. The factor p (1 - p) of the sigmoid cancels in
    dL/dz, so that a saturated wrong output still learns. With class weights, each sample's loss is multiplied by the
    weight of its class.

    For several labels there is an output for each, and L is the mean over the labels (torch, keras) or their sum
    (scikit-learn).

    Source: Korea University (a sum, not a mean), Larson, Straka; torch.nn.BCEWithLogitsLoss.
    """

    name: Literal["bce"] = "bce"
    weighted_mean: WeightedMean = False
    label_sum: Annotated[
        bool, Field(description="with several labels: whether their losses add up instead of being averaged")
    ] = False
    function: ClassVar[CompiledFunction] = binary_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    classes: ClassVar[int | None] = N_CLASSES
    several: ClassVar[bool] = True
    included_activation: ClassVar[str] = "sigmoid"
    dialects: ClassVar[Dialects] = {"keras": {}, "scikit-learn": {"weighted_mean": True, "label_sum": True}}

    def numbers(self) -> tuple[float, ...]:
        """Return (weighted_mean, label_sum, *weights)."""
        weighted_mean, *weights = super().numbers()
        return (weighted_mean, self.label_sum, *weights)

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return the number of labels: the logit of each one's second class."""
        return n_targets if n_classes is not None else 1

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the logit of the second class's weighted frequency, for each label."""
        if outputs > 1:
            yes = mean(target, weights)
            return np.asarray(np.log(np.maximum(yes, MIN_PROBABILITY) / np.maximum(1 - yes, MIN_PROBABILITY)))
        no, yes = np.maximum(self.class_counts(target, 2, weights) * self.weights(2), MIN_PROBABILITY)
        return np.array([np.log(yes / no)])

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index, 0 or 1, of each label as a column (N, L)."""
        return y.astype(np.float64).reshape(len(y), -1)

    def predict_class(self, output: NDArray[Any]) -> NDArray[np.int64]:
        """Return 1 where the probability exceeds one half: (N,), or (N, L) for several labels."""
        found = (output > 0).astype(np.int64)
        return found if output.shape[1] > 1 else found[:, 0]

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of both classes (N, 2), or for several labels that of each one's second (N, L)."""
        z = output.astype(np.float64)
        e = np.exp(-np.abs(z))
        yes = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        no = np.where(z >= 0, e / (1 + e), 1 / (1 + e))
        return yes if output.shape[1] > 1 else np.hstack([no, yes])

    def hessian_product(
        self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]
    ) -> NDArray[Any] | None:
        """Return p (1 - p) times the direction, divided as the loss is; None with class weights."""
        if self.class_weights is not None:
            return None
        p = 0.5 * (1 + np.tanh(0.5 * output))
        return np.asarray(p * (1 - p) * direction / (len(output) if self.label_sum else output.size))
