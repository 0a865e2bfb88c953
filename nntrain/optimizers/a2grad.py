"""A2Grad: accelerated gradient descent whose step size adapts to the noise of the gradient."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Optimizer, Range, Rate, rule, squared
from nntrain.registry import Amount, Positive

Beta = Annotated[Amount, Field(description="weight of the noise in the step size")]
Lips = Annotated[Positive, Field(description="Lipschitz constant of the gradient")]


@kernel
def noise(grad, mean, start, stop, k):
    """Update the mean of all gradients; return the squared distance of the current one from it."""
    real, total = grad.dtype.type, 0.0
    for i in range(start, stop):
        mean[i] += (grad[i] - mean[i]) * real(1 / k)
        total += squared(np.float64(grad[i] - mean[i]))
    return total


@kernel
def accelerate(theta, grad, x, start, stop, size, k):
    """Step x by ``size``, and move theta towards it."""
    real = theta.dtype.type
    follow, last = 2 / (k + 2), 2 / (k + 1)
    alpha, of_x, of_theta = real(follow), real(size), real((1 - follow) * last * size)
    for i in range(start, stop):
        x[i] -= of_x * grad[i]
        theta[i] += alpha * (x[i] - theta[i]) - of_theta * grad[i]


@kernel
def a2grad(theta, grad, state, tensors, rate, k, beta, lips, rho, increasing):
    """Update each array. state: x, the mean gradient, and for each array sqrt(v) and its largest value.

    If rho < 0, v is a sum of the noise, in which ``increasing`` gives old terms less weight; else a moving average.
    """
    real = theta.dtype.type
    x, mean, root, largest = state[0], state[1], state[2], state[state.shape[0] - 1]
    if k == 1:
        for i in range(theta.size):
            x[i] = theta[i]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        square, v = noise(grad, mean, start, stop, k), squared(np.float64(root[start]))
        if rho < 0:
            h = np.sqrt(v * (squared((k - 1) / k) if increasing else 1.0) + square)
            root[start] = real(h)
        else:
            root[start] = real(np.sqrt(square if k == 1 else rho * v + (1 - rho) * square))
            largest[start] = max(largest[start], root[start])
            h = np.sqrt(k) * np.float64(largest[start])
        accelerate(theta, grad, x, start, stop, rate / (2 * lips / k + beta * h), k)


@rule
def a2grad_uni(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Sum up the noise."""
    beta, lips = hyper
    a2grad(theta, grad, state, tensors, rate, k, beta, lips, -1.0, False)


@rule
def a2grad_inc(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Sum up the noise with weights that grow as k²."""
    beta, lips = hyper
    a2grad(theta, grad, state, tensors, rate, k, beta, lips, -1.0, True)


@rule
def a2grad_exp(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Average the noise exponentially."""
    beta, lips, rho = hyper
    a2grad(theta, grad, state, tensors, rate, k, beta, lips, rho, False)


class A2GradUni(Optimizer):
    """Optimal adaptive and accelerated SGD, with a uniform sum of the noise.

    Formula:
        v     <- v + |g - mean of all g|²,  h = sqrt(v);  for each weight matrix and each bias vector
        s      = lr / (2 lips / k + beta h)
        x     <- x - s g,  x = theta at first;  a = 2 / (k + 2)
        theta <- (1 - a) theta + a x - (1 - a) 2 / (k + 1) s g

    torch_optimizer has no learning rate: lr is 1 there. The paper's v is one number for all parameters.

    Source: Deng et al., arXiv 1810.00553; torch_optimizer.A2GradUni.
    """

    name: Literal["a2grad_uni"] = "a2grad_uni"
    lr: Rate = 1.0
    beta: Beta = 10.0
    lips: Lips = 10.0
    update: ClassVar[CompiledFunction] = a2grad_uni
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.01, 100)
    state_rows: ClassVar[int] = 3


class A2GradInc(Optimizer):
    """Optimal adaptive and accelerated SGD, with a sum of the noise that weighs recent steps more.

    Formula:
        v     <- ((k - 1) / k)² v + |g - mean of all g|²,  h = sqrt(v);  the rest as A2GradUni

    Source: Deng et al., arXiv 1810.00553; torch_optimizer.A2GradInc.
    """

    name: Literal["a2grad_inc"] = "a2grad_inc"
    lr: Rate = 1.0
    beta: Beta = 10.0
    lips: Lips = 10.0
    update: ClassVar[CompiledFunction] = a2grad_inc
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.01, 100)
    state_rows: ClassVar[int] = 3


class A2GradExp(Optimizer):
    """Optimal adaptive and accelerated SGD, with a moving average of the noise.

    Formula:
        u     <- rho u + (1 - rho) |g - mean of all g|²
        v     <- max(v, u),  h = sqrt(k v);  the rest as A2GradUni

    Source: Deng et al., arXiv 1810.00553; torch_optimizer.A2GradExp.
    """

    name: Literal["a2grad_exp"] = "a2grad_exp"
    lr: Rate = 1.0
    beta: Beta = 10.0
    lips: Lips = 10.0
    rho: Annotated[float, Field(ge=0, le=1, description="decay factor of the mean squared noise")] = 0.5
    update: ClassVar[CompiledFunction] = a2grad_exp
    elementwise: ClassVar[bool] = False
    lr_range: ClassVar[Range] = Range(0.01, 100)
    state_rows: ClassVar[int] = 4
