"""Ranger: RAdam, QHAdam or a calibrated Adam, with Lookahead built in."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, kernel
from nntrain.optimizers import Beta1, Beta2, Eps, Optimizer, Rate, rule, squared
from nntrain.optimizers.qhadam import Nu1, Nu2, qhadam_step
from nntrain.optimizers.radam import radam_step
from nntrain.registry import Count, Positive

Alpha = Annotated[float, Field(ge=0, le=1, description="fraction of the way that the slow weights move")]
Period = Annotated[Count, Field(description="steps between updates of the slow weights")]
SOFTPLUS_LINEAR = 20  # beyond it, softplus is the identity, as in torch


@kernel
def remember(theta, slow, k, start, stop):
    """Start the slow weights from the initial ones."""
    if k == 1:
        for i in range(start, stop):
            slow[i] = theta[i]


@kernel
def look_ahead(theta, slow, alpha, period, k, start, stop):
    """Move the slow weights after every ``period`` steps, and continue from them."""
    if k % period == 0:
        for i in range(start, stop):
            slow[i] += theta.dtype.type(alpha) * (theta[i] - slow[i])
            theta[i] = slow[i]


@rule
def ranger(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Take RAdam's step, then Lookahead's."""
    beta1, beta2, eps, threshold, alpha, period = hyper
    remember(theta, state[2], k, start, stop)
    radam_step(theta, grad, state[0], state[1], beta1, beta2, eps, 1.0, threshold, rate, k, start, stop)
    look_ahead(theta, state[2], alpha, period, k, start, stop)


@rule
def ranger_qh(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Take QHAdam's step, then Lookahead's."""
    beta1, beta2, eps, nu1, nu2, alpha, period = hyper
    remember(theta, state[2], k, start, stop)
    qhadam_step(theta, grad, state[0], state[1], beta1, beta2, eps, nu1, nu2, rate, k, start, stop)
    look_ahead(theta, state[2], alpha, period, k, start, stop)


@rule
def ranger_va(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Take Adam's step with a softplus in the denominator, then Lookahead's; v decays by beta2²."""
    real = theta.dtype.type
    beta1, beta2, smooth, amsgrad, alpha, period = hyper
    step = real(rate * np.sqrt(1 - beta2**k) / (1 - beta1**k))
    beta1, new1, beta2, root2 = real(beta1), real(1 - beta1), real(beta2 * beta2), real(np.sqrt(1 - beta2 * beta2))
    m, v, largest = state[0], state[1], state[3]
    remember(theta, state[2], k, start, stop)
    for i in range(start, stop):
        g = grad[i]
        m[i] = beta1 * m[i] + new1 * g
        v[i] = beta2 * v[i] + squared(root2 * g)
        largest[i] = max(largest[i], v[i]) if amsgrad != 0 else v[i]
        root = np.sqrt(largest[i])
        scaled = root * real(smooth)
        smoothed = root if scaled > SOFTPLUS_LINEAR else real(np.log1p(np.exp(scaled)) / smooth)
        theta[i] -= step * m[i] / smoothed
    look_ahead(theta, state[2], alpha, period, k, start, stop)


class Ranger(Optimizer):
    """RAdam with Lookahead.

    Formula:
        theta <- theta - RAdam's step,  with eps added to sqrt(v), and rectified where rho_k > threshold
        slow  <- slow + alpha (theta - slow),  theta <- slow    after every `period` steps; slow = theta at first

    Unlike `training.lookahead`, the fast weights are evaluated and saved. torch_optimizer calls the period k.

    Source: Wright 2019 (blog); Liu et al., arXiv 1908.03265; Zhang et al., arXiv 1907.08610; torch_optimizer.Ranger.
    """

    name: Literal["ranger"] = "ranger"
    lr: Rate = 0.001
    beta1: Beta1 = 0.95
    beta2: Beta2 = 0.999
    eps: Eps = 1e-5
    threshold: Annotated[Positive, Field(description="length of the moving average beyond which v is used")] = 5.0
    alpha: Alpha = 0.5
    period: Period = 6
    update: ClassVar[CompiledFunction] = ranger
    state_rows: ClassVar[int] = 3


class RangerQH(Optimizer):
    """QHAdam with Lookahead.

    Formula:
        theta <- theta - QHAdam's step
        slow  <- slow + alpha (theta - slow),  theta <- slow    after every `period` steps; slow = theta at first

    Source: Ma and Yarats, arXiv 1810.06801; Zhang et al., arXiv 1907.08610; torch_optimizer.RangerQH.
    """

    name: Literal["ranger_qh"] = "ranger_qh"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    nu1: Nu1 = 0.7
    nu2: Nu2 = 1.0
    alpha: Alpha = 0.5
    period: Period = 6
    update: ClassVar[CompiledFunction] = ranger_qh
    state_rows: ClassVar[int] = 3


class RangerVA(Optimizer):
    """AMSGrad with a calibrated denominator, and Lookahead.

    Formula:
        m     <- beta1 m + (1 - beta1) g
        v     <- beta2² v + (1 - beta2²) g²,  u = max(u, v) with amsgrad, else v
        d      = log(1 + exp(smooth sqrt(u))) / smooth
        theta <- theta - lr sqrt(1 - beta2^k) / (1 - beta1^k) m / d
        slow  <- slow + alpha (theta - slow),  theta <- slow    after every `period` steps; slow = theta at first

    torch_optimizer updates v twice in each step, which squares beta2. Its other transformations are not offered.

    Source: Tong et al., arXiv 1908.00700; torch_optimizer.RangerVA.
    """

    name: Literal["ranger_va"] = "ranger_va"
    lr: Rate = 0.001
    beta1: Beta1 = 0.95
    beta2: Beta2 = 0.999
    smooth: Annotated[Positive, Field(description="sharpness of the softplus in the denominator")] = 50.0
    amsgrad: Annotated[bool, Field(description="whether to divide by the largest v so far")] = True
    alpha: Alpha = 0.5
    period: Period = 6
    update: ClassVar[CompiledFunction] = ranger_va
    state_rows: ClassVar[int] = 4
