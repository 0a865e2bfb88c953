"""Which networks and losses have an exact product of the Hessian with a vector (nntrain.training.hessian)."""

import numpy as np

from nntrain.losses import Loss
from nntrain.network.network import Network


def without_product(network: Network, loss: Loss) -> str | None:
    """Return the name of a part that has no exact product with the Hessian; None if all have one."""
    one = np.zeros(1)
    for layer in network.layers:
        if layer.norm is not None:
            return f"{layer.norm.name} norm"
        if layer.dropout:
            return "dropout"
        if layer.activation.second_derivative(one, one) is None:
            return f"the activation {layer.activation.name}"
    output = np.zeros((1, network.outputs))
    if loss.hessian_product(output, np.zeros((1, network.outputs)), output) is None:
        weighted = getattr(loss, "class_weights", None) is not None
        return f"the loss {loss.name}{' with class weights' if weighted else ''}"
    return None
