"""Sophia-H: the mean gradient divided by the curvature, and clipped."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Eps, Optimizer, Range, Rate, rule
from nntrain.registry import Count, Positive


@rule
def sophia(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Divide the mean gradient by the mean of the Hessian's diagonal, which is new in each step ``every`` steps."""
    real = theta.dtype.type
    beta1, beta2, eps, clip, every = hyper
    due = (k - 1) % int(every) == 0
    lr, eps, clip = real(rate), real(eps), real(clip)
    beta1, new1, beta2, new2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    m, h, diagonal = state[0], state[1], state[2]
    for i in range(start, stop):
        m[i] = beta1 * m[i] + new1 * grad[i]
        if due:
            h[i] = beta2 * h[i] + new2 * diagonal[i]
        curvature, limit = max(h[i], eps), clip * max(h[i], eps)
        theta[i] -= lr * (clip if m[i] > limit else -clip if m[i] < -limit else m[i] / curvature)


class Sophia(Optimizer):
    """Second-order clipped stochastic optimization, with Hutchinson's estimate D of the Hessian's diagonal (Sophia-H).

    Formula:
        m     <- beta1 m + (1 - beta1) g
        h     <- beta2 h + (1 - beta2) D          in each step `every` steps, starting with the first
        theta <- theta - lr min(max(m / max(h, eps), -clip), clip)

    D = z (H z) as in adahessian. The paper writes m / max(gamma h, eps) with limits 1 and -1, which is the same with
    lr clip for lr and 1 / clip for gamma.

    Source: Liu et al., arXiv 2305.14342; pytorch_optimizer.SophiaH.
    """

    name: Literal["sophia"] = "sophia"
    lr: Rate = 0.06
    beta1: Beta1 = 0.96
    beta2: Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean diagonal")] = 0.99
    eps: Eps = 1e-12
    clip: Annotated[Positive, Field(description="largest quotient of gradient and curvature")] = 0.01
    every: Annotated[Count, Field(description="steps between estimates of the curvature")] = 10
    update: ClassVar[CompiledFunction] = sophia
    curvature_row: ClassVar[int | None] = 2
    lr_range: ClassVar[Range] = Range(1e-3, 1)
    state_rows: ClassVar[int] = 3

    def estimates_curvature(self, k: int) -> bool:
        """Return whether step k, counted from 1, is one of each ``every`` steps."""
        return (k - 1) % self.every == 0
