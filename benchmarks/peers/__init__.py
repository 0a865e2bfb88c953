"""One file for each peer: ``epoch_of(case)`` returns a function that trains an epoch in an order and returns its loss.

Each starts from the case's own weights and trains on the case's own rows, so that all of them walk the same curve. What
a peer cannot do raises ``CannotError``; a peer that is not installed raises ImportError.
"""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Epoch = Callable[[NDArray[Any]], float]  # the order of the rows -> the mean loss of the epoch's steps

# In this order in tables and plots. Each is a module of this package.
PEERS = {
    "nntrain": "ours",
    "scikit-learn": "scikit_learn",
    "torch eager": "torch_eager",
    "torch.compile": "torch_compile",
    "jax jit": "jax_jit",
    "jax scan": "jax_scan",
    "keras (jax)": "keras_jax",
}
# What the machine allows; they train nothing.
LIMITS = {
    "products (OpenBLAS)": "products_openblas",
    "products (torch)": "products_torch",
    "optimizer floor": "optimizer_floor",
}


class CannotError(Exception):
    """The peer does not offer what the case needs."""
