"""The same numbers or the same spread, whatever the layer's size."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.initializers import Draw, Initializer, Scale
from nntrain.registry import Positive, Real


class Zeros(Initializer):
    """All zero: right for biases, and for weights the lecture's example of units that never part.

    Formula:
        w = 0

    Source: H.
    """

    name: Literal["zeros"] = "zeros"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return zeros."""
        return np.zeros(shape)


class Constant(Initializer):
    """All the same value.

    Formula:
        w = value

    Source: torch.nn.init.constant_.
    """

    name: Literal["constant"] = "constant"
    value: Annotated[Real, Field(description="the value of every weight")] = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return the value everywhere."""
        return np.full(shape, self.value)


class Given(Initializer):
    """Numbers that are given, for examples worked by hand.

    Formula:
        w_ij = values[i][j]    of input i and unit j; values[j] for biases

    Source: N (backpropagation by hand).
    """

    name: Literal["given"] = "given"
    values: Annotated[
        list[float] | list[list[float]],
        Field(min_length=1, description="a list for each input, of a number for each unit; for biases one list"),
    ]

    def misfit(self, shape: tuple[int, ...], largest: float) -> str | None:
        """Return what there is in place of numbers of ``shape``, none of them beyond ``largest``."""
        rows = [row for row in self.values if isinstance(row, list)]
        numbers = [number for row in self.values for number in (row if isinstance(row, list) else [row])]
        if max(map(abs, numbers), default=0.0) > largest:
            return f"a number beyond {largest:.3g}"
        if not rows:
            return None if shape == (len(self.values),) else f"{len(self.values)} numbers"
        if {len(row) for row in rows} != {len(rows[0])}:
            return "lists of different lengths"
        found = (len(rows), len(rows[0]))
        return None if shape == found else f"{found[0]} lists of {found[1]} numbers"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return the values."""
        return np.array(self.values, np.float64)


class Normal(Initializer):
    """Normal of a given spread, whatever the layer's size: the lecture's too small (0.01) and too large (1).

    Formula:
        w ~ N(0, scale²)

    Source: H.
    """

    name: Literal["normal"] = "normal"
    scale: Scale = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of standard deviation ``scale``."""
        return random.normal(0.0, self.scale, shape)


class Uniform(Initializer):
    """Uniform in a given range, whatever the layer's size.

    Formula:
        w ~ U(-scale, scale)

    Source: torch.nn.init.uniform_.
    """

    name: Literal["uniform"] = "uniform"
    scale: Annotated[Positive, Field(description="half the width of the range")] = 0.05

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws within ±scale."""
        return random.uniform(-self.scale, self.scale, shape)
