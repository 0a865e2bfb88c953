"""AdaBound: Adam whose step sizes converge to a common one, that of SGD."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.registry import Positive


@rule
def adabound(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Clip each step size to bounds that approach final_lr, which the schedule scales as it does the learning rate."""
    real = theta.dtype.type
    beta1, beta2, eps, final_lr, gamma, amsbound, lr = hyper
    step, eps = real(rate * np.sqrt(1 - beta2**k) / (1 - beta1**k)), real(eps)
    final = final_lr * rate / lr
    lower, upper = real(final * (1 - 1 / (gamma * k + 1))), real(final * (1 + 1 / (gamma * k)))
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2), real(np.sqrt(1 - beta2))
    m, v, largest = state[0], state[1], state[2]
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        largest[i] = max(largest[i], v[i]) if amsbound != 0 else v[i]
        theta[i] -= min(max(step / (np.sqrt(largest[i]) + eps), lower), upper) * m[i]


class AdaBound(Optimizer):
    """Adam with dynamic bounds on the step sizes: like Adam at first, like SGD with momentum in the end.

    Formula:
        m, v as Adam
        a      = lr sqrt(1 - beta2^k) / ((1 - beta1^k) (sqrt(v) + eps))
        a     <- min(max(a, final_lr (1 - 1/(gamma k + 1))), final_lr (1 + 1/(gamma k)))
        theta <- theta - a m

    With amsbound, the root is that of the largest v so far. The paper has no bias correction, and divides the bounded
    step size by sqrt(k). torch_optimizer, like this rule, multiplies final_lr by the factor of the schedule.

    Source: Luo et al., arXiv 1902.09843; torch_optimizer.AdaBound.
    """

    name: Literal["adabound"] = "adabound"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    final_lr: Annotated[Positive, Field(description="learning rate of SGD that step sizes approach")] = 0.1
    gamma: Annotated[float, Field(gt=0, lt=1, description="speed at which the bounds approach final_lr")] = 1e-3
    amsbound: Annotated[bool, Field(description="whether to divide by the largest v so far")] = False
    update: ClassVar[CompiledFunction] = adabound
    state_rows: ClassVar[int] = 3

    def hyper(self) -> tuple[float, ...]:
        """Return the keys including lr: the bounds depend on the factor of the schedule."""
        return (*super().hyper(), self.lr)
