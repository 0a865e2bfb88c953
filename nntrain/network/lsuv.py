"""Weights that are fitted to the data: each layer's pre-activations get variance 1, one layer after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import unit_of
from nntrain.network.inference import ForwardPass
from nntrain.network.network import Network


def fit(network: Network, theta: NDArray[Any], x: NDArray[Any]) -> None:
    """Scale the weights in ``theta``, in place, of each layer whose initialiser asks for it.

    Formula:
        W <- W / deviation of h_in W, over all units and rows

    Args:
        network: the layers.
        theta: its first parameters.
        x: rows (N, inputs) to measure on; with dropout left out, and norms as they are at first.
    """
    for index, (layer, arrays) in enumerate(zip(network.layers, network.arrays(theta), strict=True)):
        if layer.initializer.unit_variance:
            with np.errstate(over="ignore", invalid="ignore"):
                z = (_inputs_of(network, index, theta, x) @ arrays["weights"]).reshape(-1, 1)
                (unit,) = unit_of(z)
                deviation = (z / unit).std() * unit
            if 0 < deviation < np.inf:
                arrays["weights"][:] /= deviation


def _inputs_of(network: Network, index: int, theta: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Return what comes into a layer for the rows ``x``."""
    if index == 0:
        return x
    before = Network(network.layers[:index])
    part = before.initial(0, theta.dtype)
    for ours, theirs in zip(before.arrays(part), network.arrays(theta), strict=False):
        for name, values in ours.items():
            values[:] = theirs[name]
    return ForwardPass(before, theta.dtype).outputs(part, x)
