"""Search without gradients, for models with a few weights: evaluate a grid or random points and keep the best."""

from collections.abc import Iterator
from itertools import product
from math import inf, log
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, no_step
from nntrain.registry import MAX_COUNT, Real

Low = Annotated[Real, Field(description="smallest value of a weight")]
High = Annotated[Real, Field(description="largest value of a weight")]
Lr = Annotated[float, Field(ge=1, le=1, description="always 1: there are no steps")]
Vector = NDArray[np.float64]


class Search(Optimizer):
    """An optimizer that evaluates one point in each epoch and keeps the best."""

    update: ClassVar[CompiledFunction] = no_step
    state_rows: ClassVar[int] = 0
    full_batch: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = True

    def candidates(self, weights: int, random: np.random.Generator) -> Iterator[Vector]:
        """Yield the points to evaluate, each an array of ``weights`` numbers."""
        raise NotImplementedError

    def count(self, weights: int) -> float | None:
        """Return the number of points, inf if it is beyond any budget, None if they never end."""
        return None


class Exhaustive(Search):
    """Exhaustive search over a grid; the value of the last weight changes fastest.

    Formula:
        theta = the point of {low, ..., high}^P with the lowest loss,  `points` evenly spaced values for each weight

    Source: Korea University.
    """

    name: Literal["exhaustive"] = "exhaustive"
    lr: Lr = 1.0
    low: Low = -1.0
    high: High = 1.0
    points: Annotated[int, Field(ge=2, le=1_000_000, description="number of values for each weight")] = 5

    def candidates(self, weights: int, random: np.random.Generator) -> Iterator[Vector]:
        """Yield the points of the grid."""
        values = np.linspace(self.low, self.high, self.points)
        for point in product(values.tolist(), repeat=weights):
            yield np.array(point)

    def count(self, weights: int) -> float:
        """Return points^P."""
        return self.points**weights if weights * log(self.points) < log(MAX_COUNT) else inf


class RandomSearch(Search):
    """Random search: points drawn uniformly from a box.

    Formula:
        theta = the point with the lowest loss of those drawn from U(low, high)^P, one in each epoch

    Source: Korea University.
    """

    name: Literal["random_search"] = "random_search"
    lr: Lr = 1.0
    low: Low = -1.0
    high: High = 1.0

    def candidates(self, weights: int, random: np.random.Generator) -> Iterator[Vector]:
        """Yield points forever."""
        while True:
            yield random.uniform(self.low, self.high, weights)
