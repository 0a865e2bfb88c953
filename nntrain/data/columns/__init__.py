"""Columns of a user's table: each role turns text cells into features.

A role, such as ``numeric`` or ``categorical``, is a :class:`Column`, whose fields are settings that a recipe can give.
:meth:`Column.read` turns its text cells into one raw number per row, NaN where a value is missing. What the role learns
from the training split is a :class:`FittedColumn`: plain JSON in the model file, and the encoder of raw numbers.
A new file in this folder adds a role.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.data.columns.values import RawValues
from nntrain.data.preprocessing import Scaling
from nntrain.data.text_table import Table
from nntrain.errors import Problem
from nntrain.registry import Component

Numbers = NDArray[np.float64]
Levels = tuple[str, ...]
UNSEEN = -1.0  # raw value of a category that the training split does not contain


@dataclass(frozen=True)
class Raw:
    """The raw numbers of a column.

    Attributes:
        values: one number for each row (N,); NaN where the value is missing.
        levels: the categories that the numbers index, or ().
        problems: cells that the role cannot read.
        unseen: categories that the model does not know, with their number of rows.
    """

    values: Numbers
    levels: Levels = ()
    problems: tuple[Problem, ...] = ()
    unseen: tuple[tuple[str, int], ...] = ()


class FittedColumn(Component, family="fitted column"):
    """A column with what was learned from the training split: JSON in the model file.

    ``scale`` is how its features are scaled, unless they are indicators; None: as the recipe's ``data.scaling``.
    """

    column: Annotated[str, Field(min_length=1, description="name in the table")]
    scale: Scaling | None = None

    def read(self, table: Table) -> Raw:
        """Return the raw numbers of the column of a table."""
        raise NotImplementedError

    def recode(self, values: Numbers, levels: Levels) -> Numbers:
        """Return raw numbers in the coding of this column, given the levels that ``values`` index."""
        return values

    def features(self) -> tuple[tuple[str, bool], ...]:
        """Return the name of each feature, and whether it is an indicator, which is not standardized."""
        raise NotImplementedError

    def encode(self, values: Numbers) -> Numbers:
        """Return the features (N, features) of raw numbers (N,)."""
        raise NotImplementedError


class FilledColumn(FittedColumn):
    """A column whose missing values are filled in, and marked by an indicator if the training split had any."""

    fill: float
    gaps: bool
    indicator: ClassVar[bool] = False  # whether the values are 0 and 1

    def features(self) -> tuple[tuple[str, bool], ...]:
        """Return the column's name and, with gaps, ``name missing``."""
        return ((self.column, self.indicator), *([(f"{self.column} missing", True)] if self.gaps else []))

    def encode(self, values: Numbers) -> Numbers:
        """Return the values with missing ones filled in, beside the indicator."""
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        return np.stack([filled, missing], axis=1) if self.gaps else filled[:, None]


class Column(Component, family="column"):
    """How a column of a table becomes features."""

    used: ClassVar[bool] = True  # False: the column gives no features

    def read(self, table: Table, name: str) -> Raw:
        """Return the raw numbers of the column ``name`` of a table."""
        raise NotImplementedError

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedColumn:
        """Learn what the encoding needs from the raw numbers of the training split."""
        raise NotImplementedError


@dataclass(frozen=True)
class RawColumn:
    """A column of a dataset: its name, its role and the categories that its raw numbers index."""

    name: str
    role: Column
    levels: Levels = ()
