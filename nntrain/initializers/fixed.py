"""Values and distributions that do not depend on the layer's size."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.initializers import Draw, Initializer, Scale
from nntrain.registry import Positive, Real


class Zeros(Initializer):
    """All zero: right for biases. Zero weights keep all units of a layer equal (Hong's lecture).

    Formula:
        w = 0

    Source: Hong.
    """

    name: Literal["zeros"] = "zeros"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return zeros."""
        return np.zeros(shape)


class Constant(Initializer):
    """The same value for all weights.

    Formula:
        w = value

    Source: torch.nn.init.constant_.
    """

    name: Literal["constant"] = "constant"
    value: Annotated[Real, Field(description="value of every weight")] = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return the value everywhere."""
        return np.full(shape, self.value)


class Given(Initializer):
    """Explicit numbers, for examples worked by hand.

    Formula:
        w_ij = values[i][j]  for input i and unit j;  b_j = values[j]

    Source: Straka (backpropagation by hand).
    """

    name: Literal["given"] = "given"
    values: Annotated[
        list[float] | list[list[float]],
        Field(
            min_length=1,
            description="for weights, a list of numbers (one for each unit) for each input; for biases, one list",
        ),
    ]

    def shape_error(self, shape: tuple[int, ...], largest: float) -> str | None:
        """Return a description of the values if they do not have ``shape`` or exceed ``largest``, else None."""
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
    """Normal with a fixed standard deviation: too small (0.01) or too large (1) in Hong's lecture.

    Formula:
        w ~ N(0, scale²)

    Source: Hong.
    """

    name: Literal["normal"] = "normal"
    scale: Scale = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of standard deviation ``scale``."""
        return random.normal(0.0, self.scale, shape)


class Uniform(Initializer):
    """Uniform in a fixed range.

    Formula:
        w ~ U(-scale, scale)

    Source: torch.nn.init.uniform_.
    """

    name: Literal["uniform"] = "uniform"
    scale: Annotated[Positive, Field(description="half the width of the range")] = 0.05

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws within ±scale."""
        return random.uniform(-self.scale, self.scale, shape)
