"""The absolute error, and Huber's mixture of it with the squared one: outliers pull less."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, Loss
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
    """Half the square within the threshold, a straight line beyond it."""
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


class MeanAbsoluteError(Loss):
    """Mean of the absolute errors: the best constant is the median, where the squared error's is the mean.

    Formula:
        L  = 1/(B·O) Σ |o - o*|
        dL/do = 1/(B·O) sign(o - o*)

    Source: torch.nn.L1Loss.
    """

    name: Literal["mae"] = "mae"
    function: ClassVar[CompiledFunction] = mean_absolute_error
    has_kinks: ClassVar[bool] = True

    def constant(self, target: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Return the median of each target."""
        return np.asarray(np.median(target, axis=0))


class Huber(Loss):
    """Huber's loss: squared where the error is small, absolute where it is large.

    Formula:
        L  = 1/(B·O) Σ ½ e²                   if |e| <= threshold, e = o - o*
             1/(B·O) Σ threshold (|e| - ½ threshold)  else
        dL/do = 1/(B·O) max(-threshold, min(threshold, e))

    Source: Huber 1964; torch.nn.HuberLoss.
    """

    name: Literal["huber"] = "huber"
    threshold: Annotated[Positive, Field(description="error from which on the loss is a straight line")] = 1.0
    function: ClassVar[CompiledFunction] = huber

    def numbers(self) -> tuple[float, ...]:
        """Return (threshold,)."""
        return (self.threshold,)

    def constant(self, target: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Return Huber's location estimate: Newton's method from the median, which is close to it."""
        center = np.median(target, axis=0)
        for _ in range(NEWTON_STEPS):
            error = target - center
            inside = np.maximum((abs(error) <= self.threshold).mean(axis=0), 1 / len(target))
            center = center + error.clip(-self.threshold, self.threshold).mean(axis=0) / inside
        return np.asarray(center)
