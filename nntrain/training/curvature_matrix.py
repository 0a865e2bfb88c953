"""The Hessian and the Gauss-Newton matrix of a small network's loss on all training rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.network.regularize import BIASES, L2
from nntrain.training.engine import Engine
from nntrain.training.hessian import hessian_product, slopes_of

Matrix = NDArray[np.float64]


def hessian(engine: Engine) -> Matrix:
    """Return the Hessian (P, P), with the l2 penalty, where the engine has last computed a gradient."""
    arguments = (engine.plan, engine.theta, engine.train.x, engine.train.target, engine.workspace)
    columns = np.eye(engine.grad.size, dtype=engine.dtype)
    found = np.stack([hessian_product(*arguments, column) for column in columns]).astype(np.float64)
    return np.asarray((found + found.T) / 2)


def gauss_newton(engine: Engine) -> Matrix:
    """Return J^T H_L J (P, P), with the l2 penalty, where the engine has last computed a gradient."""
    plan, size = engine.plan, engine.grad.size
    J = jacobian(engine)
    output = plan.network.by_layer(engine.workspace.h, len(J))[-1]
    HJ = np.empty_like(J)
    for p in range(size):
        HJ[:, :, p] = plan.loss.hessian_product(output, engine.train.target, J[:, :, p])
    penalty = plan.penalty[L2] * plan.network.penalized(bool(plan.penalty[BIASES]))
    return np.asarray(J.reshape(-1, size).T @ HJ.reshape(-1, size) + np.diag(penalty))


def jacobian(engine: Engine) -> NDArray[Any]:
    """Return the derivatives of each row's outputs by the parameters (N, O, P), in float64."""
    network, x = engine.plan.network, engine.train.x
    weights = [arrays["weights"] for arrays in network.arrays(engine.theta)]
    places = list(network.arrays(np.arange(engine.grad.size)))
    slopes = slopes_of(network, engine.workspace, len(x))
    inputs = [x, *network.by_layer(engine.workspace.h, len(x))]
    J = np.zeros((len(x), network.outputs, engine.grad.size))
    for output in range(network.outputs):
        delta = np.zeros_like(slopes[-1])
        delta[:, output] = 1
        for index in reversed(range(len(weights))):
            delta = delta * slopes[index]
            products = inputs[index][:, :, None] * delta[:, None, :]
            J[:, output, places[index]["weights"].reshape(-1)] = products.reshape(len(x), -1)
            if "biases" in places[index]:
                J[:, output, places[index]["biases"]] = delta
            delta = delta @ weights[index].T
    return J
