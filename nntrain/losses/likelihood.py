"""Negative log-likelihoods: Gaussian, with a fixed or a predicted variance, and Poisson."""

from math import inf, log
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, Loss, RowWeights, mean
from nntrain.registry import Amount, Positive

MIN_MOMENT = 1e-12  # lower bound of variances and means before taking a logarithm


@compiled(LOSS)
def gaussian(output, target, delta, numbers):
    """Read outputs as means, followed by log variances s if those are predicted.

    The error is divided by sigma before it is squared: its own square may overflow in float32.
    """
    real = output.dtype.type
    rows, targets = target.shape
    predicted = output.shape[1] > targets
    least = real(numbers[1])  # log of the smallest variance
    scale, half, one = real(1.0 / target.size), real(0.5), real(1)
    total = 0.0
    for i in range(rows):
        for j in range(targets):
            error = output[i, j] - target[i, j]
            s = output[i, targets + j] if predicted else real(numbers[0])
            clamped = least if predicted and s < least else s
            inverse = exp(-half * clamped)  # of sigma
            z = error * inverse
            total += 0.5 * (clamped + z * z)
            delta[i, j] = scale * z * inverse
            if predicted:
                factor = one if clamped == s else exp(s - clamped)
                delta[i, targets + j] = scale * half * (one - z * z) * factor
    return total / target.size


@compiled(LOSS)
def poisson(output, target, delta, numbers):
    """Read outputs as logarithms of the means."""
    scale = output.dtype.type(1.0 / output.size)
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            mean = exp(output[i, j])
            total += mean - target[i, j] * output[i, j]
            delta[i, j] = scale * (mean - target[i, j])
    return total / output.size


class GaussianNLL(Loss):
    """Negative log-likelihood of a Gaussian, without the constant ½ log 2π.

    Formula:
        L  = 1/(B·T) Σ ½ [log sigma² + (o - o*)² / sigma²]
        dL/do = 1/(B·T) (o - o*) / sigma²

    With sigma: null, the network has a second output s = log sigma² for each target and learns its own uncertainty:
    dL/ds = 1/(B·T) ½ [1 - (o - o*)² / sigma²]. With sigma² = ½ the loss is the mean squared error minus ½ log 2.

    A predicted variance is at least eps; otherwise the loss of a sample that is fitted exactly would be unbounded. As
    in torch, the gradient ignores that bound: where exp(s) < eps, dL/ds = 1/(B·T) ½ [1 - (o - o*)² / eps] exp(s) / eps,
    so that s can grow again, although the loss does not depend on s there.

    Source: Korea University, Hong, Straka (maximum likelihood); Nix and Weigend 1994; torch.nn.GaussianNLLLoss, which
    takes the variance as an input and also bounds a fixed one.
    """

    name: Literal["gaussian_nll"] = "gaussian_nll"
    sigma: Annotated[Positive | None, Field(description="standard deviation; null: predicted for each sample")] = 1.0
    eps: Annotated[Amount, Field(description="smallest predicted variance; 0: no bound")] = 1e-6
    function: ClassVar[CompiledFunction] = gaussian
    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def lower_bound(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> float | None:
        """Return log sigma if sigma is fixed, else None."""
        return None if self.sigma is None else log(self.sigma)

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the mean of each target and, if sigma is predicted, the logarithm of its variance."""
        center = mean(target, weights)
        if self.sigma is not None:
            return center
        variance = mean(np.square(target.astype(np.float64) - center), weights)
        return np.concatenate([center, np.log(np.maximum(variance, MIN_MOMENT))])

    def numbers(self) -> tuple[float, ...]:
        """Return (log sigma², log eps)."""
        return (2 * log(self.sigma or 1.0), log(self.eps) if self.eps else -inf)

    def differentiable(self) -> Self:
        """Return the loss without a bound on the variance."""
        return self.model_copy(update={"eps": 0.0})

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return one unit for each target, and a second one if sigma is predicted."""
        return n_targets if self.sigma is not None else 2 * n_targets

    def prediction(self, output: NDArray[Any]) -> NDArray[Any]:
        """Return the means."""
        return output if self.sigma is not None else output[:, : output.shape[1] // 2]


class PoissonNLL(Loss):
    """Poisson negative log-likelihood of counts, without the constant log o*!. The output is the log of the mean.

    Formula:
        L  = 1/(B·O) Σ [exp(o) - o* o]
        dL/do = 1/(B·O) (exp(o) - o*)

    Source: torch.nn.PoissonNLLLoss(log_input=True).
    """

    name: Literal["poisson"] = "poisson"
    function: ClassVar[CompiledFunction] = poisson
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    needs_counts: ClassVar[bool] = True

    def lower_bound(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> float:
        """Return the loss of means that equal the counts."""
        counts = target.astype(np.float64)
        return float(mean(counts - counts * np.log(np.maximum(counts, MIN_MOMENT)), weights).mean())

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the logarithm of the mean count."""
        return np.asarray(np.log(np.maximum(mean(target, weights), MIN_MOMENT)))

    def prediction(self, output: NDArray[Any]) -> NDArray[Any]:
        """Return the means."""
        with np.errstate(over="ignore"):  # infinity is the right result
            return np.asarray(np.exp(output))

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return exp(o)/(B·O) times the direction."""
        return np.asarray(np.exp(output) * direction / output.size)
