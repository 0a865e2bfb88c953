"""The matrix products of a step and nothing else, with torch's BLAS and no memory allocated."""

from typing import Any

import torch
from numpy.typing import NDArray

from benchmarks.cases import Case
from benchmarks.peers import Epoch


def epoch_of(case: Case) -> Epoch:
    """Return a function that does an epoch's products."""
    torch.set_num_threads(case.cores or torch.get_num_threads())
    dtype = getattr(torch, case.dtype)
    layers = []
    for n_in, n_out, _ in case.layers:
        shapes = ((case.batch, n_in), (n_in, n_out), (case.batch, n_out))
        h, W, d = (torch.randn(shape, dtype=dtype) for shape in shapes)
        layers.append((h, W, d, torch.empty_like(d), torch.empty_like(W), torch.empty_like(h)))

    def epoch(order: NDArray[Any]) -> float:
        for _ in range(case.steps):
            for index, (h, W, d, z, dW, dh) in enumerate(layers):
                torch.mm(h, W, out=z)
                torch.mm(h.T, d, out=dW)
                if index:
                    torch.mm(d, W.T, out=dh)
        return 0.0

    return epoch
