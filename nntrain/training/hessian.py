"""Exact products of the Hessian with a vector.

The R-operator differentiates the forward and the backward pass along the vector: one more pass of each, however many
parameters there are.

Source: Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Shape
from nntrain.network.layer_table import Workspace
from nntrain.network.network import Network
from nntrain.network.regularize import BIASES, L2
from nntrain.training.plan import Plan
from nntrain.utils.random import stream

Values = NDArray[Any]


def hessian_product(
    plan: Plan, theta: Values, x: Values, target: Values, workspace: Workspace, vector: Values
) -> Values:
    """Return the Hessian of a batch's loss, with the l2 penalty, times a vector.

    Args:
        plan: whose network and loss have a product (``without_product`` is None).
        theta: all parameters, and the buffers after them.
        x: the batch (B, inputs), whose rows have no weights.
        target: its targets (B, targets).
        workspace: after the forward pass on the batch.
        vector: (P).

    Returns:
        H v (P).
    """
    network, dtype = plan.network, theta.dtype
    z, h = network.by_layer(workspace.z, len(x)), network.by_layer(workspace.h, len(x))
    weights, directions = list(network.arrays(theta)), list(network.arrays(vector))
    slopes = slopes_of(network, workspace, len(x))
    inputs = [x, *h]
    r_inputs, r_z = [np.zeros_like(inputs[0])], []
    for index, slope in enumerate(slopes):
        r = r_inputs[index] @ weights[index]["weights"] + inputs[index] @ directions[index]["weights"]
        r_z.append(r + directions[index].get("biases", 0))
        r_inputs.append(slope * r_z[index])
    delta = np.empty_like(inputs[-1])
    plan.loss.function[dtype](inputs[-1], target, delta, np.array(plan.loss.numbers(), np.float64))
    r_delta = plan.loss.hessian_product(inputs[-1], target, r_inputs[-1])
    product = np.zeros_like(vector)
    parts = list(network.arrays(product))
    for index in reversed(range(len(network.layers))):
        bend = network.layers[index].activation.second_derivative(z[index], h[index])
        assert r_delta is not None and bend is not None  # noqa: S101, PT018 - see without_product
        r_delta = r_delta * slopes[index] + delta * bend * r_z[index]
        delta = delta * slopes[index]
        parts[index]["weights"][:] = r_inputs[index].T @ delta + inputs[index].T @ r_delta
        if "biases" in parts[index]:
            parts[index]["biases"][:] = r_delta.sum(axis=0)
        r_delta = r_delta @ weights[index]["weights"].T + delta @ directions[index]["weights"].T
        delta = delta @ weights[index]["weights"].T
    penalized = network.penalized(bool(plan.penalty[BIASES]))
    return np.asarray(product + plan.penalty[L2] * penalized * vector, dtype)


def random_signs(seed: int, step: int, size: int, dtype: np.dtype[Any]) -> Values:
    """Return a step's random vector z of 1 and -1 (P): the mean of z (H z) is the Hessian's diagonal.

    Source: Hutchinson 1990.
    """
    return (2 * stream(seed, "curvature", step).integers(0, 2, size) - 1).astype(dtype)


def slopes_of(network: Network, workspace: Workspace, rows: int) -> list[Values]:
    """Return f'(z) (B, O) of each layer, after the forward pass on ``rows`` rows."""
    slopes = []
    buffers = network.by_layer(workspace.z, rows), network.by_layer(workspace.h, rows)
    for layer, z, h in zip(network.layers, *buffers, strict=True):
        slope = np.ones_like(z)
        shape = Shape(layer.activation.coefficient, layer.n_out)
        layer.activation.backward[z.dtype](z.reshape(-1), h.reshape(-1), shape, slope.reshape(-1))
        slopes.append(slope)
    return slopes
