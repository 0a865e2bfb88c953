"""The least time that an update can take: the same numbers are read and written, with an addition for each.

SGD reads theta and its gradient and writes theta; Adam reads and writes two moments as well.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case
from benchmarks.peers import Epoch

WRITTEN = {"sgd": 1, "adam": 3}  # vectors of as many numbers as there are parameters


@numba.njit(nogil=True, error_model="numpy")
def move_one(gradient: Any, theta: Any, m: Any, v: Any) -> None:
    """Read the gradient, and read and write theta."""
    for i in range(theta.size):
        theta[i] += gradient[i]


@numba.njit(nogil=True, error_model="numpy")
def move_three(gradient: Any, theta: Any, m: Any, v: Any) -> None:
    """Read the gradient, and read and write theta and two moments."""
    for i in range(theta.size):
        theta[i] += gradient[i]
        m[i] += gradient[i]
        v[i] += gradient[i]


def epoch_of(case: Case) -> Epoch:
    """Return a function that moves an epoch's numbers."""
    vectors = [np.zeros(case.parameters, case.dtype) for _ in range(4)]
    move = move_one if WRITTEN[case.optimizer] == 1 else move_three
    move(*vectors)

    def epoch(order: NDArray[Any]) -> float:
        for _ in range(case.steps):
            move(*vectors)
        return 0.0

    return epoch
