"""Numeric columns: imputation, with an indicator of missing values."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.data.columns import Column, FilledColumn, Levels, Raw
from nntrain.data.columns.quantile import FittedQuantile
from nntrain.data.columns.values import Impute, RawValues
from nntrain.data.numbers import read_numbers
from nntrain.data.preprocessing import Scaling
from nntrain.data.text_table import Table
from nntrain.registry import Real


class FittedNumeric(FilledColumn):
    """A number, and an indicator of missing values if the training split had any."""

    name: Literal["numeric"] = "numeric"

    def read(self, table: Table) -> Raw:
        """Return the numbers of the column."""
        return _read(table, self.column)


class Numeric(Column):
    """A number: missing values are filled in, and an indicator column marks them.

    Formula:
        x <- fill where x is missing, fill = median, mean or mode of the training split, or a constant
        x missing = 1 where x is missing, else 0; only if the training split has missing values

    Source: sklearn.impute.SimpleImputer(add_indicator=True).
    """

    name: Literal["numeric"] = "numeric"
    impute: Annotated[Impute, Field(description="what replaces missing values")] = "median"
    fill: Annotated[Real, Field(description="the constant, with impute: constant")] = 0.0
    indicator: Annotated[bool, Field(description="add a column that marks missing values")] = True

    scale: Annotated[
        Scaling | Literal["quantile"] | None, Field(description="how it is scaled; null: as data.scaling says")
    ] = None

    def read(self, table: Table, name: str) -> Raw:
        """Return the numbers of the column."""
        return _read(table, name)

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedNumeric | FittedQuantile:
        """Learn what replaces missing values, and the quantiles if it is scaled by them."""
        fill, gaps = values.fill(self.impute, self.fill), values.gaps and self.indicator
        if self.scale == "quantile":
            return FittedQuantile(column=name, fill=fill, gaps=gaps, quantiles=values.quantiles(fill))
        return FittedNumeric(column=name, scale=self.scale, fill=fill, gaps=gaps)


def _read(table: Table, name: str) -> Raw:
    """Return a column of numbers with NaN for missing ones."""
    values, problems = read_numbers(table, name)
    return Raw(values, problems=tuple(problems))
