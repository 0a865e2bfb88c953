"""The single point of test functions: rows whose only feature is 1."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.data import Dataset
from nntrain.data.generated import Generated, Noise, Random, Rows
from nntrain.errors import counted


class PointRows(Generated):
    """Rows with the feature 1 for the test functions, whose gradient has the noise of the targets.

    Formula:
        x = 1
        o = noise N(0, 1) in two targets, minus their mean over the rows

    A step on B of N rows sees noise of variance about noise² / B (1 - B / N); the full gradient is exact.

    Source: nntrain.
    """

    name: Literal["point"] = "point"
    rows: Rows = 1
    noise: Annotated[Noise, Field(description="standard deviation of the gradient's noise in a row")] = 0.0

    @model_validator(mode="after")
    def _noise_needs_rows(self) -> Self:
        if self.noise and self.rows == 1:
            what = f"noise needs several rows, since it averages to 0: found {counted(self.rows, 'row')}"
            raise PydanticCustomError("noise_needs_rows", what)
        return self

    def draw(self, random: Random) -> Dataset:
        """Return (N, 1) features and (N, 2) targets."""
        noise = self.noise * random.standard_normal((self.rows, 2))
        x = np.ones((self.rows, 1))
        return Dataset(x, noise - noise.mean(axis=0), ("x",), ("noise1", "noise2"))
