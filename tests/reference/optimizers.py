"""The update rules once more, in plain NumPy, as their sources write them."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sgd(lr: float = 0.01) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    while True:
        g = yield -lr * g


def momentum(lr: float = 0.01, momentum: float = 0.9) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    v = np.zeros_like(g)
    while True:
        v = momentum * v + g
        g = yield -lr * v


def nesterov(lr: float = 0.01, momentum: float = 0.9) -> Generator[Array, Array, None]:
    """The lectures' own form, which takes the gradient ahead of theta; its look-ahead point is what is compared."""
    g = yield np.zeros(0)
    v, ahead, theta = np.zeros_like(g), np.zeros_like(g), np.zeros_like(g)
    while True:
        v = momentum * v - lr * g
        theta = theta + v
        new = theta + momentum * v
        step, ahead = new - ahead, new
        g = yield step


def adam(
    lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, v, k = np.zeros_like(g), np.zeros_like(g), 0
    while True:
        k += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**k), v / (1 - beta2**k)
        g = yield -lr * m_hat / (np.sqrt(v_hat) + eps)
