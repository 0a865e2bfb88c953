"""The squared error in the three scalings of the lectures (mean, sum, half the sum), and in scikit-learn's.

They have the same minimum, but their gradients differ by a factor, and so do suitable learning rates. Up to
constants they are the negative log-likelihood of a Gaussian with fixed sigma (lectures by Straka and Hong).
"""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, compiled, kernel
from nntrain.losses import LOSS, Loss


@kernel
def scaled_squares(output, target, delta, scale):
    """Return scale·Σ (o - o*)² and fill delta with its gradient, 2·scale·(o - o*)."""
    factor = output.dtype.type(2 * scale)
    total = 0.0
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            error = output[i, j] - target[i, j]
            total += error * error
            delta[i, j] = factor * error
    return scale * total


@compiled(LOSS)
def mean_squared_error(output, target, delta, numbers):
    """1/(B·O) Σ (o - o*)²."""
    return scaled_squares(output, target, delta, 1.0 / output.size)


@compiled(LOSS)
def sum_squared_error(output, target, delta, numbers):
    """Σ (o - o*)²."""
    return scaled_squares(output, target, delta, 1.0)


@compiled(LOSS)
def half_mean_squared_error(output, target, delta, numbers):
    """1/(2 B) Σ (o - o*)²."""
    return scaled_squares(output, target, delta, 0.5 / output.shape[0])


@compiled(LOSS)
def half_sum_squared_error(output, target, delta, numbers):
    """½ Σ (o - o*)²."""
    return scaled_squares(output, target, delta, 0.5)


class MeanSquaredError(Loss):
    """Mean squared error, over samples and outputs.

    Formula:
        L  = 1/(B·O) Σ (o - o*)²
        dL/do = 2/(B·O) (o - o*)

    Source: Hong, Straka; torch.nn.MSELoss and keras. scikit-learn's MLP uses half of it.
    """

    name: Literal["mse"] = "mse"
    function: ClassVar[CompiledFunction] = mean_squared_error

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return 2/(B·O) times the direction."""
        return np.asarray(2 / output.size * direction)


class SumSquaredError(Loss):
    """Sum of squared errors.

    Formula:
        L  = Σ (o - o*)²
        dL/do = 2 (o - o*)

    Source: Straka (backpropagation by hand); torch.nn.MSELoss(reduction="sum").
    """

    name: Literal["sum_squared_error"] = "sum_squared_error"
    function: ClassVar[CompiledFunction] = sum_squared_error
    reduction: ClassVar[Literal["mean", "sum"]] = "sum"

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return twice the direction."""
        return 2 * direction


class HalfSumSquaredError(Loss):
    """Half the sum of squared errors: the ½ cancels the 2 of the derivative.

    Formula:
        L  = ½ Σ (o - o*)²
        dL/do = o - o*

    Source: Korea University, whose table calls this sum 'MSE'.
    """

    name: Literal["half_sum_squared_error"] = "half_sum_squared_error"
    function: ClassVar[CompiledFunction] = half_sum_squared_error
    reduction: ClassVar[Literal["mean", "sum"]] = "sum"

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return the direction."""
        return direction.copy()


class HalfMeanSquaredError(Loss):
    """Half the squared error, summed over the outputs and averaged over the rows.

    Formula:
        L  = 1/(2 B) Σ (o - o*)²
        dL/do = 1/B (o - o*)

    Source: sklearn.neural_network.MLPRegressor. This is the loss whose gradient it follows; the loss that it reports is
    divided by the number of outputs.
    """

    name: Literal["half_mse"] = "half_mse"
    function: ClassVar[CompiledFunction] = half_mean_squared_error

    def hessian_product(self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
        """Return 1/B times the direction."""
        return np.asarray(direction / len(output))
