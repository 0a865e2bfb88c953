"""The problems on which trajectories are recorded: an ill-conditioned quadratic and a small network.

Both the recording scripts and the tests use them. They depend on neither nntrain nor a reference library.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference.network import loss_and_gradient

Array = NDArray[Any]

# (name, shape) of each parameter array of a 3-4-2 network
SHAPES = (("0.weight", (3, 4)), ("0.bias", (4,)), ("2.weight", (4, 2)), ("2.bias", (2,)))
SIZE = sum(int(np.prod(shape)) for _, shape in SHAPES)
CURVATURE = np.logspace(-3, 1, SIZE)
STEPS = 100
KEPT = (1, 2, 10, 100)  # steps after which the parameters are recorded

_random = np.random.RandomState(0)
START = np.round(_random.uniform(-1, 1, SIZE), 3)
X = np.round(_random.standard_normal((8, 3)), 3)
TARGET = np.round(_random.standard_normal((8, 2)), 3)


def split(theta: Array) -> list[Array]:
    """Return the parameter arrays, as views."""
    parts, offset = [], 0
    for _, shape in SHAPES:
        size = int(np.prod(shape))
        parts.append(theta[offset : offset + size].reshape(shape))
        offset += size
    return parts


def quadratic(theta: Array) -> Array:
    """Return the gradient of ½ Σ c w² with curvatures c from 0.001 to 10."""
    return np.asarray(CURVATURE * theta)


def net(theta: Array) -> Array:
    """Return the gradient of the mean squared error of a network with four tanh units."""
    W1, b1, W2, b2 = split(theta)
    _, gradients = loss_and_gradient([(W1, b1, "tanh"), (W2, b2, "identity")], X, TARGET, "mse")
    return np.concatenate([part.ravel() for pair in gradients for part in pair])


PROBLEMS = {"quadratic": quadratic, "net": net}


def curvature(k: int) -> Array:
    """Return an estimate of a Hessian's diagonal in step k, counted from 1, for the rules that read one."""
    return np.asarray(1 + 0.5 * np.sin(k + np.arange(SIZE)))


# Shapes for which G G^T and G^T G have different eigenvalues, which makes eigenvectors unique up to sign.
BASIS_SHAPES = ((3, 4), (4,), (4, 3), (3,))
BASIS_START = np.round(_random.uniform(-1, 1, sum(int(np.prod(shape)) for shape in BASIS_SHAPES)), 3)


def disturbed(theta: Array, k: int) -> Array:
    """Return the gradient of a quadratic in step k, counted from 1, with a disturbance as that of batches."""
    place = np.arange(1, theta.size + 1)
    return np.asarray(np.logspace(-2, 0, theta.size) * theta + 0.3 * np.sin(place**1.5 * (k + 1)))


def rate(lr: float, k: int) -> float:
    """Return the learning rate of step k, counted from 1. It falls: dialects treat changing rates differently."""
    return lr / (1 + 0.05 * (k - 1))
