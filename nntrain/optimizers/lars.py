"""LARS: momentum with a learning rate for each weight matrix, in proportion to its norm."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Momentum, Optimizer, Range, Rate, rule, squared
from nntrain.registry import Amount, Positive


@rule
def lars(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Scale each matrix's gradient, and add it to a velocity."""
    real = theta.dtype.type
    momentum, nesterov, trust_coefficient, eps, weight_decay = hyper
    mu, lr = real(momentum), real(rate)
    of_gradient, of_velocity = (real(1), mu) if nesterov != 0 else (real(0), real(1))
    v = state[0]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        weights, gradient = 0.0, 0.0
        for i in range(start, stop):
            weights += squared(np.float64(theta[i]))
            gradient += squared(np.float64(grad[i]))
        scale, decay = real(1), real(0)
        if rows > 0 and weights > 0 and gradient > 0:
            weights, gradient = np.sqrt(weights), np.sqrt(gradient)
            scale = real(trust_coefficient * weights / (gradient + weight_decay * weights + eps))
            decay = real(weight_decay)
        for i in range(start, stop):
            g = scale * (grad[i] + decay * theta[i])
            v[i] = mu * v[i] + g
            theta[i] -= lr * (of_gradient * g + of_velocity * v[i])


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling, for large batches.

    Formula:
        a  = trust_coefficient |W| / (|G| + weight_decay |W| + eps)    1 for biases, and where a norm is 0
        v <- momentum v + a (G + weight_decay W)
        W <- W - lr v,  or W - lr [a (G + weight_decay W) + momentum v] with nesterov

    torch_optimizer does not scale arrays without weight decay; its default momentum and weight decay are 0.

    Source: You et al., arXiv 1708.03888; torch_optimizer.LARS.
    """

    name: Literal["lars"] = "lars"
    lr: Rate = 0.1
    momentum: Momentum = 0.9
    nesterov: Annotated[bool, Field(description="whether to use Nesterov momentum")] = False
    trust_coefficient: Annotated[Positive, Field(description="length of a step relative to the weights")] = 0.01
    eps: Annotated[Amount, Field(description="added to the norms in the denominator")] = 1e-8
    weight_decay: Annotated[Amount, Field(description="factor of the weights, not the biases, in the step")] = 0.0005
    update: ClassVar[CompiledFunction] = lars
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.001, 10)
    state_rows: ClassVar[int] = 1
