"""Update rules in plain NumPy, written as in their sources."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.recorded.problems import SHAPES

Array = NDArray[Any]


def sgd(lr: float = 0.01) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    while True:
        g = yield -lr * g


def momentum(
    lr: float = 0.01, momentum: float = 0.9, dampening: float = 0.0, scaled_velocity: bool = False
) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    v, new = np.zeros_like(g), 1.0  # torch starts from v = g
    while True:
        v = momentum * v + new * (lr * g if scaled_velocity else g)
        new = 1 - dampening if momentum else 1.0
        g = yield -v if scaled_velocity else -lr * v


def nesterov(lr: float = 0.01, momentum: float = 0.9) -> Generator[Array, Array, None]:
    """The form of the lectures, with the gradient at the look-ahead point, which is what it yields."""
    g = yield np.zeros(0)
    v, ahead, theta = np.zeros_like(g), np.zeros_like(g), np.zeros_like(g)
    while True:
        v = momentum * v - lr * g
        theta = theta + v
        new = theta + momentum * v
        step, ahead = new - ahead, new
        g = yield step


def adam(
    lr: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    eps_hat: bool = False,
) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, v, k = np.zeros_like(g), np.zeros_like(g), 0
    while True:
        k += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**k), v / (1 - beta2**k)
        if eps_hat:
            alpha = lr * np.sqrt(1 - beta2**k) / (1 - beta1**k)
            g = yield -alpha * m / (np.sqrt(v + eps_root) + eps)
        else:
            g = yield -lr * m_hat / (np.sqrt(v_hat + eps_root) + eps)


adamw = adam  # without its weight decay


def amsgrad(lr: float, eps: float, eps_hat: bool, corrected: bool) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, v, u, k = np.zeros_like(g), np.zeros_like(g), np.zeros_like(g), 0
    while True:
        k += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        correction = 1 - 0.999**k
        u = np.maximum(u, v / correction if corrected else v)
        root = np.sqrt(u if corrected else u / correction)
        g = yield -lr * m / (1 - 0.9**k) / (root + (eps / np.sqrt(correction) if eps_hat else eps))


def nadam(lr: float, eps: float, eps_root: float, psi: float) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, v, k, product = np.zeros_like(g), np.zeros_like(g), 0, 1.0
    while True:
        k += 1
        mu, following = (0.9 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (k, k + 1))
        product *= mu
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
        g = yield -lr * m_hat / (np.sqrt(v / (1 - 0.999**k) + eps_root) + eps)


def adamax(lr: float, eps: float, eps_max: float) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, u, k = np.zeros_like(g), np.zeros_like(g), 0
    while True:
        k += 1
        m = 0.9 * m + 0.1 * g
        u = np.maximum(0.999 * u, np.abs(g) + eps_max)
        g = yield -lr * m / (1 - 0.9**k) / (u + eps)


def adagrad(lr: float, eps: float, eps_root: float) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    r = np.zeros_like(g)
    while True:
        r = r + g**2
        g = yield -lr * g / (np.sqrt(r + eps_root) + eps)


def rmsprop(lr: float, eps: float, eps_root: float) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    s = np.zeros_like(g)
    while True:
        s = 0.99 * s + 0.01 * g**2
        g = yield -lr * g / (np.sqrt(s + eps_root) + eps)


def sgdw(lr: float, momentum: float, dampening: float, nesterov: bool) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    v, new = np.zeros_like(g), 1.0
    while True:
        v = momentum * v + new * g
        new = 1 - dampening
        g = yield -lr * (g + momentum * v if nesterov else v)


def swats(lr: float, tolerance: float) -> Generator[Array, Array, None]:
    """Array by array, as each switches by itself."""
    ends = np.cumsum([np.prod(shape) for _, shape in SHAPES])[:-1]
    arrays: list[Generator[Array, Array, None]] = [_swats(lr, tolerance) for _ in SHAPES]
    for one in arrays:
        next(one)
    g = yield np.zeros(0)
    while True:
        g = yield np.concatenate([one.send(part) for one, part in zip(arrays, np.split(g, ends), strict=True)])


def _swats(lr: float, tolerance: float) -> Generator[Array, Array, None]:
    g = yield np.zeros(0)
    m, v, average, k = np.zeros_like(g), np.zeros_like(g), 0.0, 0
    while True:
        k += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = -lr * np.sqrt(1 - 0.999**k) / (1 - 0.9**k) * m / (np.sqrt(v) + 1e-3)
        scaling = p @ p / -(p @ g)
        average = 0.999 * average + 0.001 * scaling
        sgd = average / (1 - 0.999**k)
        g = yield p
        if k > 1 and sgd > 0 and abs(sgd - scaling) <= tolerance * abs(scaling):
            break
    v = np.zeros_like(g)
    while True:
        v = 0.9 * v + g
        g = yield -0.1 * sgd * v
