"""A readable reference network in plain NumPy; it uses no code of nntrain."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Array = NDArray[Any]
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

# name: (f(z), f'(z))
ACTIVATIONS: dict[str, Any] = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "hard_tanh": (lambda z: np.clip(z, -1, 1), lambda z: (abs(z) < 1) * 1.0),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z: (1 + np.exp(-z) + z * np.exp(-z)) / (1 + np.exp(-z)) ** 2),
    "gelu": (lambda z: z * norm.cdf(z), lambda z: norm.cdf(z) + z * norm.pdf(z)),
    "selu": (
        lambda z: SCALE * np.where(z > 0, z, ALPHA * (np.exp(z) - 1)),
        lambda z: SCALE * np.where(z > 0, 1, ALPHA * np.exp(z)),
    ),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z))),
    "prelu": (lambda z: np.where(z > 0, z, 0.25 * z), lambda z: np.where(z > 0, 1, 0.25)),
}


def softmax(z: Array) -> Array:
    e = np.exp(z)
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def loss_and_delta(name: str, o: Array, target: Array) -> tuple[float, Array]:
    """Return L and dL/do as in the lectures, without protection against overflow."""
    B, O = o.shape  # noqa: E741
    match name:
        case "mse":
            return float(((o - target) ** 2).mean()), 2 * (o - target) / (B * O)
        case "sum_squared_error":
            return float(((o - target) ** 2).sum()), 2 * (o - target)
        case "half_sum_squared_error":
            return float(((o - target) ** 2).sum() / 2), o - target
        case "half_mse":
            return float(((o - target) ** 2).sum() / (2 * B)), (o - target) / B
        case "mae":
            return float(abs(o - target).mean()), np.sign(o - target) / (B * O)
        case "huber":
            e = o - target
            value = np.where(abs(e) <= 1, e**2 / 2, abs(e) - 0.5)
            return float(value.mean()), np.clip(e, -1, 1) / (B * O)
        case "hinge":
            return float(np.maximum(0, 1 - o * target).mean()), np.where(o * target < 1, -target, 0) / (B * O)
        case "gaussian_nll":
            return float(((o - target) ** 2).mean() / 2), (o - target) / (B * O)
        case "poisson":
            return float((np.exp(o) - target * o).mean()), (np.exp(o) - target) / (B * O)
        case "bce":
            p = 1 / (1 + np.exp(-o))
            return float(-(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()), (p - target) / (B * O)
        case "cross_entropy":
            p, truth = softmax(o), np.eye(O)[target[:, 0].astype(int)]
            return float(-(truth * np.log(p)).sum() / B), (p - truth) / B
    raise ValueError(name)


def loss_and_gradient(
    layers: list[tuple[Array, Array, str]], x: Array, target: Array, loss: str
) -> tuple[float, list[tuple[Array, Array]]]:
    """Return L and (dL/dW, dL/db) of each layer (W, b, activation)."""
    h, before = x, []
    for W, b, activation in layers:
        z = h @ W + b
        before.append((h, z))
        h = softmax(z) if activation == "softmax" else ACTIVATIONS[activation][0](z)
    value, dh = loss_and_delta(loss, h, target)
    gradients = []
    for (W, _, activation), (h_in, z) in zip(reversed(layers), reversed(before), strict=True):
        if activation == "softmax":
            p = softmax(z)
            dz = np.einsum("bj,bjk->bk", dh, p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :]))
        else:
            dz = dh * ACTIVATIONS[activation][1](z)
        gradients.append((h_in.T @ dz, dz.sum(axis=0)))
        dh = dz @ W.T
    return value, gradients[::-1]
