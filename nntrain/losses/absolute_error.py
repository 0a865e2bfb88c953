"""Mean absolute error and Huber loss, which weigh outliers less than the squared error."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, Loss, RowWeights, mean
from nntrain.registry import Positive

NEWTON_STEPS = 20


@compiled(LOSS)
def mean_absolute_error(output, target, delta, numbers):
    """1/(B·O) Σ |o - o*|; the derivative at 0 is 0."""
    scale = output.dtype.type(1.0 / output.size)
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            error = output[i, j] - target[i, j]
            total += abs(error)
            delta[i, j] = scale * np.sign(error)
    return total / output.size


@compiled(LOSS)
def huber(output, target, delta, numbers):
    """Half the square up to the threshold, linear beyond it."""
    scale, threshold = output.dtype.type(1.0 / output.size), output.dtype.type(numbers[0])
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            error = output[i, j] - target[i, j]
            size = abs(error)
            if size <= threshold:
                total += 0.5 * error * error
                delta[i, j] = scale * error
            else:
                total += threshold * (size - 0.5 * threshold)
                delta[i, j] = scale * threshold * np.sign(error)
    return total / output.size


def median(values: NDArray[Any], weights: RowWeights = None) -> NDArray[np.float64]:
    """Return the median of each column of ``values`` (N, T), with the rows' ``weights`` (N)."""
    if weights is None:
        return np.asarray(np.median(values, axis=0))
    order = np.argsort(values, axis=0, kind="stable")
    ordered, below = np.take_along_axis(values, order, 0), np.cumsum(weights[order], axis=0)
    half = below[-1] / 2
    columns = np.arange(values.shape[1])
    low, high = (below < half).sum(axis=0), (below <= half).sum(axis=0)
    return np.asarray((ordered[low, columns] + ordered[np.minimum(high, len(values) - 1), columns]) / 2, np.float64)


class MeanAbsoluteError(Loss):
    """Mean absolute error. The best constant prediction is the median; for the squared error it is the mean.

    Formula:
        L  = 1/(B·O) Σ |o - o*|
        dL/do = 1/(B·O) sign(o - o*)

    Source: torch.nn.L1Loss.
    """

    name: Literal["mae"] = "mae"
    function: ClassVar[CompiledFunction] = mean_absolute_error
    has_kinks: ClassVar[bool] = True

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the median of each target."""
        return median(target, weights)


class Huber(Loss):
    """Huber loss: squared for small errors, absolute for large ones.

    Formula:
        e  = o - o*
        L  = 1/(B·O) Σ [½ e²  if |e| <= threshold,  else threshold (|e| - ½ threshold)]
        dL/do = 1/(B·O) max(-threshold, min(threshold, e))

    Source: Huber 1964; torch.nn.HuberLoss.
    """

    name: Literal["huber"] = "huber"
    threshold: Annotated[Positive, Field(description="error beyond which the loss is linear")] = 1.0
    function: ClassVar[CompiledFunction] = huber

    def numbers(self) -> tuple[float, ...]:
        """Return (threshold,)."""
        return (self.threshold,)

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return Huber's location estimate, by Newton's method from the median, which is close."""
        center = median(target, weights)
        for _ in range(NEWTON_STEPS):
            error = target - center
            inside = np.maximum(mean(abs(error) <= self.threshold, weights), 1 / len(target))
            center = center + mean(error.clip(-self.threshold, self.threshold), weights) / inside
        return np.asarray(center)

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return 1/(B·O) times the direction where the error is within the threshold, else 0."""
        return np.where(abs(output - target) <= self.threshold, direction / output.size, 0)
