"""Columns that are not used."""

from typing import ClassVar, Literal

import numpy as np

from nntrain.data.columns import Column, Raw
from nntrain.data.text_table import Table


class Ignore(Column):
    """A column that gives no features, such as an identifier.

    Formula:
        nothing

    Source: nntrain.
    """

    name: Literal["ignore"] = "ignore"
    used: ClassVar[bool] = False

    def read(self, table: Table, name: str) -> Raw:
        """Return nothing but missing values."""
        return Raw(np.full(table.height, np.nan))
