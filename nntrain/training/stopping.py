"""When to stop before the last epoch: small policies that decide from what an epoch left behind."""

from dataclasses import dataclass, field
from math import inf


@dataclass
class Best:
    """The lowest loss so far, and how long ago it was.

    Attributes:
        min_delta: by how much a loss must be lower to count.
        epoch: the epoch of the lowest loss, counted from 1.
        waited: epochs since then.
    """

    min_delta: float = 0.0
    loss: float = field(default=inf)
    epoch: int = 0
    waited: int = 0

    def improved(self, loss: float, epoch: int) -> bool:
        """Take in the loss of ``epoch`` and tell whether it is the best."""
        if loss < self.loss - self.min_delta:
            self.loss, self.epoch, self.waited = loss, epoch, 0
            return True
        self.waited += 1
        return False
