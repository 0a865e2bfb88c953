"""torch with forward, loss and backward compiled; the optimizer is fused."""

from benchmarks.cases import Case
from benchmarks.peers import Epoch, torch_eager


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    return torch_eager.epoch_of(case, compiled=True)
