"""The parameters of a network under torch's names, in its shapes."""

from typing import Any

from numpy.typing import NDArray

from nntrain.network.network import Network

# torch's names of a normalization's arrays
NORM_NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_var"}


def named_arrays(network: Network, theta: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return theta as views with torch's names and shapes."""
    found: dict[str, NDArray[Any]] = {}
    number = 0
    for arrays in network.arrays(theta):
        found |= {f"{number}.weight": arrays["weights"].T, f"{number}.bias": arrays["biases"]}
        if "gamma" in arrays:
            number += 1
            found |= {f"{number}.{name}": arrays[ours] for name, ours in NORM_NAMES.items() if ours in arrays}
        if "slopes" in arrays:
            found[f"{number + 1}.weight"] = arrays["slopes"]
        number += 2
    return found
