"""Sharpness-aware minimization: any optimizer, with the gradient at a nearby point where the loss is higher."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.optimizers import squared
from nntrain.registry import Positive, Strict

RHO, ADAPTIVE = range(2)  # indices of the numbers that `climb` reads; RHO is 0 without SAM
SMALLEST_NORM = 1e-12  # added to the gradient's norm


class SAM(Strict):
    """Each step uses the gradient at the point within rho where, to first order, the loss on the batch is highest.

    Formula:
        e      = rho g / |g|
        theta <- the optimizer's step from theta with the gradient at theta + e
        e      = rho w² g / | |w| g |    with adaptive

    A step takes two gradients, and twice the time. The loss is measured at theta, where the first gradient is computed
    without penalties. Both use the same units where there is dropout, and the first alone enters batch norm's running
    averages. Penalties and clipping apply to the second gradient.

    Source: Foret et al., arXiv 2010.01412; Kwon et al., arXiv 2102.11600 (adaptive); pytorch_optimizer.SAM.
    """

    rho: Annotated[Positive, Field(description="distance at which the gradient is computed")] = 0.05
    adaptive: Annotated[
        bool, Field(description="whether the distance is relative to the size of each weight (ASAM)")
    ] = False


def packed(sam: SAM | None) -> NDArray[np.float64]:
    """Return what :func:`climb` reads."""
    return np.zeros(2) if sam is None else np.array([sam.rho, float(sam.adaptive)])


@kernel
def climb(theta, grad, numbers):
    """Move theta (P) uphill along its gradient."""
    total = 0.0
    for i in range(theta.size):
        scale = abs(np.float64(theta[i])) if numbers[ADAPTIVE] != 0 else 1.0
        total += squared(scale * np.float64(grad[i]))
    distance = numbers[RHO] / (np.sqrt(total) + SMALLEST_NORM)
    for i in range(theta.size):
        scale = squared(np.float64(theta[i])) if numbers[ADAPTIVE] != 0 else 1.0
        theta[i] += theta.dtype.type(distance * scale * np.float64(grad[i]))
