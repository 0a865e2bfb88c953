"""Boolean columns: one indicator."""

from typing import ClassVar, Literal

from nntrain.data.columns import Column, FilledColumn, Levels, Raw
from nntrain.data.columns.values import RawValues
from nntrain.data.text_table import Table
from nntrain.errors import Problem

TRUTH = {"true": 1.0, "yes": 1.0, "t": 1.0, "y": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "f": 0.0, "n": 0.0, "0": 0.0}


class FittedBoolean(FilledColumn):
    """An indicator, and one of missing values if the training split had any."""

    name: Literal["boolean"] = "boolean"
    indicator: ClassVar[bool] = True

    def read(self, table: Table) -> Raw:
        """Return 1 for true and 0 for false."""
        return _read(table, self.column)


class Boolean(Column):
    """True or false, yes or no: one indicator column; missing values take the more frequent value and are marked.

    Formula:
        x = 1 for true, yes, t, y and 1; 0 for false, no, f, n and 0

    Source: nntrain.
    """

    name: Literal["boolean"] = "boolean"

    def read(self, table: Table, name: str) -> Raw:
        """Return 1 for true and 0 for false."""
        return _read(table, name)

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedBoolean:
        """Learn the more frequent value."""
        return FittedBoolean(column=name, fill=values.fill("most_frequent"), gaps=values.gaps)


def _read(table: Table, name: str) -> Raw:
    import polars as pl

    cells = table.cells(name)
    values = cells.str.to_lowercase().replace_strict(TRUTH, default=None, return_dtype=pl.Float64)
    wrong = (values.is_null() & cells.is_not_null()).arg_true()
    problems = []
    if len(wrong):
        what = (
            f"column {name!r}: expected true or false, found {cells[wrong[0]]!r}{table.others(cells, wrong.to_list())}"
        )
        problems.append(Problem(table.place(wrong[0]), what, "true, yes, t, y, 1, false, no, f, n and 0 are known"))
    return Raw(values.fill_null(float("nan")).to_numpy(), problems=tuple(problems))
