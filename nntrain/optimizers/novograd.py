"""NovoGrad: momentum of gradients that are normalized layer by layer."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Eps, Momentum, Optimizer, Rate, rule, squared
from nntrain.registry import Amount


@rule
def novograd(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Divide each array's gradient by a moving average of its norm; state[1] and [2] hold sqrt(v) and its maximum."""
    real = theta.dtype.type
    beta1, beta2, eps, grad_averaging, amsgrad, weight_decay = hyper
    new = 1 - beta1 if grad_averaging != 0 else 1.0
    mu, lr = real(beta1), real(rate)
    m, root, largest = state[0], state[1], state[2]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        square = 0.0
        for i in range(start, stop):
            square += squared(np.float64(grad[i]))
        v = squared(np.float64(root[start]))
        root[start] = real(np.sqrt(square if v == 0 else beta2 * v + (1 - beta2) * square))
        largest[start] = max(largest[start], root[start]) if amsgrad != 0 else root[start]
        denominator = np.float64(largest[start]) + eps
        scale = real(new / denominator if denominator > 0 else 0.0)
        decay = real(new * weight_decay) if rows > 0 else real(0)
        for i in range(start, stop):
            m[i] = mu * m[i] + (scale * grad[i] + decay * theta[i])
            theta[i] -= lr * m[i]


class NovoGrad(Optimizer):
    """Normalized gradients: the second moment is one number for each layer's weights.

    Formula:
        v <- beta2 v + (1 - beta2) |G|²,  v = |G|² at first; for each weight matrix and each bias vector
        m <- beta1 m + G / (sqrt(v) + eps) + weight_decay W    the last two times 1 - beta1 with grad_averaging
        W <- W - lr m

    With amsgrad, the root is that of the largest v so far. torch_optimizer's default of beta2 is 0, the paper's 0.98.

    Source: Ginsburg et al., arXiv 1905.11286; torch_optimizer.NovoGrad.
    """

    name: Literal["novograd"] = "novograd"
    lr: Rate = 0.001
    beta1: Momentum = 0.95
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean squared norm")] = 0.98
    eps: Eps = 1e-8
    grad_averaging: Annotated[bool, Field(description="whether to scale new gradients by 1 - beta1")] = False
    amsgrad: Annotated[bool, Field(description="whether to divide by the largest v so far")] = False
    weight_decay: Annotated[Amount, Field(description="factor of the weights, not the biases, in the step")] = 0.0
    update: ClassVar[CompiledFunction] = novograd
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 3
