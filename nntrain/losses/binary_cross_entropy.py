"""Binary cross-entropy: one output unit, the logit of the second class."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, RowWeights
from nntrain.losses.class_weights import MIN_PROBABILITY, WeighsClasses, WeightedMean, are_classes, denominator, weight
from nntrain.registry import Dialects

N_CLASSES = 2


@compiled(LOSS)
def binary_cross_entropy(output, target, delta, numbers):
    """Compute exp(-|z|) only, which cannot overflow."""
    one, zero = output.dtype.type(1), output.dtype.type(0)
    weights = numbers[1:]
    if not are_classes(target, N_CLASSES, weights):
        return np.nan
    scale = 1 / denominator(target, weights, numbers[0])
    total = 0.0
    for i in range(output.shape[0]):
        z, truth = output[i, 0], target[i, 0]
        w = weight(weights, int(truth))
        e = exp(-abs(z))
        total += w * (max(z, zero) - z * truth + np.log1p(e))
        probability = one / (one + e) if z >= zero else e / (one + e)
        delta[i, 0] = (probability - truth) * output.dtype.type(w * scale)
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

    Source: Korea University (a sum, not a mean), Larson, Straka; torch.nn.BCEWithLogitsLoss.
    """

    name: Literal["bce"] = "bce"
    weighted_mean: WeightedMean = False
    function: ClassVar[CompiledFunction] = binary_cross_entropy
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    classes: ClassVar[int | None] = N_CLASSES
    inside: ClassVar[str] = "sigmoid"
    dialects: ClassVar[Dialects] = {"keras": {}, "scikit-learn": {"weighted_mean": True}}

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return 1: the logit of the second class."""
        return 1

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the logit of the second class's weighted frequency."""
        no, yes = np.maximum(self.class_counts(target, 2, weights) * self.weights(2), MIN_PROBABILITY)
        return np.array([np.log(yes / no)])

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the class index, 0 or 1, as a column."""
        return y.astype(np.float64).reshape(-1, 1)

    def predict_class(self, output: NDArray[Any]) -> NDArray[np.int64]:
        """Return 1 where the probability exceeds one half."""
        return (output[:, 0] > 0).astype(np.int64)

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of both classes (N, 2)."""
        z = output[:, :1].astype(np.float64)
        e = np.exp(-np.abs(z))
        yes = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        no = np.where(z >= 0, e / (1 + e), 1 / (1 + e))
        return np.hstack([no, yes])
