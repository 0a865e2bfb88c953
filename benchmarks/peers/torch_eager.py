"""torch as its tutorials write it: a module, an optimizer, a loop over batches."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.cases import CLIP_NORM, DROPOUT, LR, Case
from benchmarks.peers import Epoch


def model_of(case: Case) -> nn.Sequential:
    """Return the net with the case's weights."""
    layers: list[nn.Module] = []
    dtype = getattr(torch, case.dtype)
    for (n_in, n_out, hidden), weights in zip(case.layers, case.weights(), strict=True):
        dense = nn.Linear(n_in, n_out, dtype=dtype)
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(weights.T))
            dense.bias.zero_()
        layers.append(dense)
        if hidden:
            if case.extra == "batch norm":
                layers.append(nn.BatchNorm1d(n_out, dtype=dtype))
            layers.append(nn.ReLU())
            if case.extra == "dropout":
                layers.append(nn.Dropout(DROPOUT))
    return nn.Sequential(*layers)


def optimizer_of(case: Case, model: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer, fused where torch offers it: its fastest form."""
    kind = torch.optim.Adam if case.optimizer == "adam" else torch.optim.SGD
    return kind(model.parameters(), lr=LR, fused=True)


def epoch_of(case: Case, compiled: bool = False) -> Epoch:
    """Return a function that trains an epoch."""
    torch.set_num_threads(case.cores or torch.get_num_threads())
    model = model_of(case)
    optimizer = optimizer_of(case, model)
    x, y = (torch.from_numpy(array) for array in case.data())

    def loss_of(x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(model(x), y)

    compute = torch.compile(loss_of, dynamic=False) if compiled else loss_of

    def epoch(order: NDArray[Any]) -> float:
        total = torch.zeros(())
        for rows in torch.from_numpy(order).split(case.batch):
            optimizer.zero_grad()
            loss = compute(x[rows], y[rows])
            loss.backward()
            if case.extra == "clipping":
                nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
            optimizer.step()
            total += loss.detach()
        return float(total) / case.steps

    return epoch
