"""Early stopping and the best weights so far."""

from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Best:
    """The weights with the lowest loss so far, and how long ago it last improved.

    Attributes:
        weights: the best weights; initially those that training starts from.
        min_delta: the loss has improved if it is more than this below ``reference``.
        loss: the lowest loss.
        epoch: the epoch after which the weights had that loss, counted from 1; 0: the initial weights.
        waited: epochs since the last improvement.
        reference: the loss at the last improvement.
    """

    weights: NDArray[Any]
    min_delta: float = 0.0
    loss: float = field(default=inf)
    epoch: int = 0
    waited: int = 0
    reference: float = field(default=inf)

    def record(self, loss: float, epoch: int, weights: NDArray[Any]) -> bool:
        """Record the loss of the weights after ``epoch``, and return whether it is the lowest so far."""
        improved = loss < self.reference - self.min_delta
        self.waited = 0 if improved else self.waited + 1
        self.reference = loss if improved else self.reference
        lowest = loss < self.loss
        if lowest:
            self.loss, self.epoch = loss, epoch
            np.copyto(self.weights, weights)
        return lowest
