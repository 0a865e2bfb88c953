"""Ordinal columns: categories in a given order."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.data.columns import Column, FilledColumn, Levels, Raw
from nntrain.data.columns.values import RawValues
from nntrain.data.text_table import Table
from nntrain.errors import Problem, listed, nearest


class FittedOrdinal(FilledColumn):
    """The rank of a category, and an indicator of missing ones if the training split had any."""

    name: Literal["ordinal"] = "ordinal"
    order: Annotated[list[str], Field(min_length=2)]

    def read(self, table: Table) -> Raw:
        """Return the rank of each category."""
        return _read(table, self.column, self.order)


class Ordinal(Column):
    """A category with an order: its rank. Missing values take the median rank and are marked.

    Formula:
        x = 0, 1, 2 ... in the given order

    Source: sklearn.preprocessing.OrdinalEncoder(categories=[order]).
    """

    name: Literal["ordinal"] = "ordinal"
    order: Annotated[list[str], Field(min_length=2, description="the categories, lowest first")]

    def read(self, table: Table, name: str) -> Raw:
        """Return the rank of each category."""
        return _read(table, name, self.order)

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedOrdinal:
        """Learn what replaces missing values: the median rank."""
        return FittedOrdinal(column=name, order=list(self.order), fill=values.fill("median"), gaps=values.gaps)


def _read(table: Table, name: str, order: list[str]) -> Raw:
    import polars as pl

    cells = table.cells(name)
    rank = {level: float(place) for place, level in enumerate(order)}
    values = cells.replace_strict(rank, default=None, return_dtype=pl.Float64)
    wrong = (values.is_null() & cells.is_not_null()).arg_true()
    problems = []
    if len(wrong):
        what = f"column {name!r}: unknown category {cells[wrong[0]]!r}{table.others(cells, wrong.to_list())}"
        hint = f"{nearest(cells[wrong[0]], order)} the order has: {listed(order)}".strip()
        problems.append(Problem(table.place(wrong[0]), what, hint))
    return Raw(values.fill_null(float("nan")).to_numpy(), problems=tuple(problems))
