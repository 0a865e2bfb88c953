"""Numbers as their quantiles: what a numeric column with ``scale: quantile`` learns."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.data.columns import FittedColumn, Numbers, Raw
from nntrain.data.columns.values import QUANTILES
from nntrain.data.numbers import read_numbers
from nntrain.data.preprocessing import Scaling
from nntrain.data.text_table import Table


class FittedQuantile(FittedColumn):
    """The fraction of training rows with a smaller number, and an indicator of missing values if there were any.

    Formula:
        x <- mean of the smallest and the largest p with x = quantile(p), linear between quantiles

    Source: sklearn.preprocessing.QuantileTransformer(n_quantiles=1000, subsample=None).
    """

    name: Literal["quantile"] = "quantile"
    scale: Scaling | None = "none"
    fill: float
    gaps: bool
    quantiles: Annotated[list[float], Field(min_length=1, max_length=QUANTILES)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(low > high for low, high in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise PydanticCustomError("not_in_order", "the quantiles are not in order")
        return self

    def read(self, table: Table) -> Raw:
        """Return the numbers of the column."""
        values, problems = read_numbers(table, self.column)
        return Raw(values, problems=tuple(problems))

    def features(self) -> tuple[tuple[str, bool], ...]:
        """Return the column's name and, with gaps, ``name missing``."""
        return ((self.column, False), *([(f"{self.column} missing", True)] if self.gaps else []))

    def encode(self, values: Numbers) -> Numbers:
        """Return fractions from 0 to 1 of the values with missing ones filled in, beside the indicator."""
        missing = np.isnan(values)
        x = np.where(missing, self.fill, values)
        known, p = np.array(self.quantiles), np.linspace(0, 1, len(self.quantiles))
        fractions = (np.interp(x, known, p) - np.interp(-x, -known[::-1], -p[::-1])) / 2
        fractions[x == known[-1]] = 1
        fractions[x == known[0]] = 0
        return np.stack([fractions, missing], axis=1) if self.gaps else fractions[:, None]
