"""LSUV: weights scaled so that the pre-activations of each layer have variance 1 on the data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import unit_of
from nntrain.network.inference import ForwardPass
from nntrain.network.network import Network
from nntrain.network.thread_pool import ThreadPool


def fit(network: Network, theta: NDArray[Any], x: NDArray[Any], pool: ThreadPool) -> None:
    """Scale the weights of each layer whose initializer asks for unit variance, in place.

    Formula:
        W <- W / std(h_in W), over all units and rows

    Args:
        network: the layers.
        theta: its initial parameters.
        x: rows (N, inputs) to measure on; without dropout, and with the norms' initial running averages.
        pool: the threads to use.
    """
    for index, (layer, arrays) in enumerate(zip(network.layers, network.arrays(theta), strict=True)):
        if layer.initializer.unit_variance:
            with np.errstate(over="ignore", invalid="ignore"):
                z = (_inputs_of(network, index, theta, x, pool) @ arrays["weights"]).reshape(-1, 1)
                (scale,) = unit_of(z)
                std = (z / scale).std() * scale  # without overflow
            if 0 < std < np.inf:
                arrays["weights"][:] /= std


def _inputs_of(network: Network, index: int, theta: NDArray[Any], x: NDArray[Any], pool: ThreadPool) -> NDArray[Any]:
    """Return the inputs of a layer for the rows ``x``."""
    if index == 0:
        return x
    before = Network(network.layers[:index])
    part = before.initial(0, theta.dtype)
    for ours, theirs in zip(before.arrays(part), network.arrays(theta), strict=False):
        for name, values in ours.items():
            values[:] = theirs[name]
    return ForwardPass(before, theta.dtype, pool=pool).outputs(part, x)
