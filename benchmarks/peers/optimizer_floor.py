"""The least time that an update can take: as many bytes are copied as it has to read and to write.

SGD reads theta and its gradient and writes theta; Adam reads and writes two moments as well.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case
from benchmarks.peers import Epoch

VECTORS = {"sgd": 3, "adam": 7}  # read or written, of as many numbers as there are parameters


def epoch_of(case: Case) -> Epoch:
    """Return a function that moves an epoch's bytes."""
    numbers = VECTORS[case.optimizer] * case.parameters // 2  # each is read once and written once
    source, target = np.ones(numbers, case.dtype), np.zeros(numbers, case.dtype)

    def epoch(order: NDArray[Any]) -> float:
        for _ in range(case.steps):
            np.copyto(target, source)
        return 0.0

    return epoch
