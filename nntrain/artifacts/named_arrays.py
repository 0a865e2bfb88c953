"""The parameters of a network under torch's names, in its shapes."""

from typing import Any

from numpy.typing import NDArray

from nntrain.network.network import Network

# torch's names of a normalization's arrays
NORM_NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_var"}


def named_arrays(network: Network, theta: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return theta as views with torch's names and shapes, without gamma and beta that are not trained, as in torch."""
    found: dict[str, NDArray[Any]] = {}
    number = 0
    for layer, arrays in zip(network.layers, network.arrays(theta), strict=True):
        found |= {f"{number}.weight": arrays["weights"].T, f"{number}.bias": arrays["biases"]}
        if layer.norm is not None:
            number += 1
            kept = arrays.keys() - (set() if layer.norm.affine else {"gamma", "beta"})
            found |= {f"{number}.{name}": arrays[ours] for name, ours in NORM_NAMES.items() if ours in kept}
        if "slopes" in arrays:
            found[f"{number + 1}.weight"] = arrays["slopes"]
        number += 2
    return found
