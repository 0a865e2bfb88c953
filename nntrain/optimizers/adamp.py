"""AdamP: Adam without the part of the step that only lengthens weights."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Amount

Delta = Annotated[Amount, Field(description="threshold of the cosine between gradient and weights, times sqrt(size)")]
WdRatio = Annotated[float, Field(ge=0, le=1, description="factor of the weight decay where the step is projected")]
InnerDecay = Annotated[Amount, Field(description="decoupled weight decay of the weights, not the biases")]


@kernel
def project_groups(theta, grad, step, start, count, groups, delta, eps):
    """If each group's gradient is orthogonal to its ``count`` weights, project each group's step and return True.

    The weights of a group lie ``groups`` apart. A group is an output's weights, or the whole matrix if ``groups`` is 1.
    """
    for j in range(groups):
        dot, of_gradient, of_weights = 0.0, 0.0, 0.0
        for i in range(start + j, start + count * groups, groups):
            dot += np.float64(grad[i]) * np.float64(theta[i])
            of_gradient += squared(np.float64(grad[i]))
            of_weights += squared(np.float64(theta[i]))
        if abs(dot) / (np.sqrt(of_gradient) + eps) / (np.sqrt(of_weights) + eps) >= delta / np.sqrt(count):
            return False
    for j in range(groups):
        dot, of_weights = 0.0, 0.0
        for i in range(start + j, start + count * groups, groups):
            dot += np.float64(step[i]) * np.float64(theta[i])
            of_weights += squared(np.float64(theta[i]))
        factor = theta.dtype.type(dot / (np.sqrt(of_weights) + eps) ** 2)
        for i in range(start + j, start + count * groups, groups):
            step[i] -= factor * theta[i]
    return True


@kernel
def project(theta, grad, step, tensor, delta, eps):
    """Project a matrix's step output by output or, failing that, as a whole; return whether it was projected."""
    start, rows, columns = tensor
    if rows == 0:
        return False
    by_output = project_groups(theta, grad, step, start, rows, columns, delta, eps)
    return by_output or project_groups(theta, grad, step, start, rows * columns, 1, delta, eps)


@rule
def adamp(theta, grad, state, tensors, hyper, rate, k, first, last):
    """Take Adam's step for each array, and project that of a matrix where its weights are scale invariant."""
    real = theta.dtype.type
    beta1, beta2, eps, delta, wd_ratio, nesterov, weight_decay = hyper
    correction = np.sqrt(1 - beta2**k)
    lr, small = real(rate * correction / (1 - beta1**k)), real(eps * correction)
    of_mean, of_gradient = (real(beta1), real(1 - beta1)) if nesterov != 0 else (real(1), real(0))
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, step = state[0], state[1], state[2]
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        stop = start + max(rows, 1) * columns
        for i in range(start, stop):
            g = grad[i]
            m[i] = beta1 * m[i] + new1 * g
            v[i] = beta2 * v[i] + squared(root2 * g)
            step[i] = (of_mean * m[i] + of_gradient * g) / (np.sqrt(v[i]) + small)
        projected = project(theta, grad, step, tensors[t], delta, eps)
        decay = weight_decay * (wd_ratio if projected else 1.0) if rows > 0 else 0.0
        keep = real(1 - rate * decay)
        for i in range(start, stop):
            theta[i] = keep * theta[i] - lr * step[i]


class AdamP(Optimizer):
    """Adam with projected steps: weights before a norm are scale invariant, and growing slows them down.

    Formula:
        d  = m_hat / (sqrt(v_hat) + eps),  m and v as Adam
        d <- d - w (w · d) / |w|²    where |cos(w, g)| < delta / sqrt(size of w), for all outputs' weights w
        W <- (1 - lr weight_decay) W - lr d,    weight_decay times wd_ratio where d was projected

    If the weights of the outputs are not all orthogonal to their gradients, the matrix as a whole is tried.

    Source: Heo et al., arXiv 2006.08217; torch_optimizer.AdamP.
    """

    name: Literal["adamp"] = "adamp"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    delta: Delta = 0.1
    wd_ratio: WdRatio = 0.1
    nesterov: Annotated[bool, Field(description="whether to use Nesterov momentum")] = False
    weight_decay: InnerDecay = 0.0
    update: ClassVar[CompiledFunction] = adamp
    elementwise: ClassVar[bool] = False
    state_rows: ClassVar[int] = 3
