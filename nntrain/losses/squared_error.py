"""The squared error in the three scalings that the lectures use: mean, sum, and half the sum.

All three say the same of which weights are best, but their gradients differ by a factor, and so does the learning
rate that suits them. They are the negative log-likelihood of a Gaussian of fixed sigma, up to a constant (N, H).
"""

from typing import ClassVar, Literal

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
def half_sum_squared_error(output, target, delta, numbers):
    """½ Σ (o - o*)²."""
    return scaled_squares(output, target, delta, 0.5)


class MeanSquaredError(Loss):
    """Mean of the squared errors, over rows and outputs.

    Formula:
        L  = 1/(B·O) Σ (o - o*)²
        dL/do = 2/(B·O) (o - o*)

    Source: H, N; as torch.nn.MSELoss and keras (scikit-learn's MLP has ½ of it, K's table has ½ of the sum).
    """

    name: Literal["mse"] = "mse"
    function: ClassVar[CompiledFunction] = mean_squared_error


class SumSquaredError(Loss):
    """Sum of the squared errors.

    Formula:
        L  = Σ (o - o*)²
        dL/do = 2 (o - o*)

    Source: N (backpropagation by hand); torch.nn.MSELoss(reduction="sum").
    """

    name: Literal["sum_squared_error"] = "sum_squared_error"
    function: ClassVar[CompiledFunction] = sum_squared_error
    reduction: ClassVar[Literal["mean", "sum"]] = "sum"


class HalfSumSquaredError(Loss):
    """Half the sum of the squared errors: the ½ cancels the 2 of the derivative.

    Formula:
        L  = ½ Σ (o - o*)²
        dL/do = o - o*

    Source: K, which calls the sum over its table 'MSE'.
    """

    name: Literal["half_sum_squared_error"] = "half_sum_squared_error"
    function: ClassVar[CompiledFunction] = half_sum_squared_error
    reduction: ClassVar[Literal["mean", "sum"]] = "sum"
