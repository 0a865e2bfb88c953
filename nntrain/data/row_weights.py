"""The column of a table that holds the weight of each row."""

import numpy as np
from numpy.typing import NDArray

from nntrain.data.numbers import complete_numbers
from nntrain.data.text_table import Table
from nntrain.errors import Place, Problem, others
from nntrain.registry import MAX_REAL


def row_weights(table: Table, name: str) -> tuple[NDArray[np.float64], list[Problem]]:
    """Return the column ``name`` as the weight of each row (N), and what is wrong with it.

    A weight is a number from 0 to 1e30; at least one is positive. A row of weight w counts like w equal rows, and a row
    of weight 0 does not count.
    """
    numbers, problems = complete_numbers(table, [name])
    weights = numbers[:, 0]
    wrong = np.flatnonzero((weights < 0) | (weights > MAX_REAL))
    if wrong.size:
        first = int(wrong[0])
        what = f"column {name!r}: found the weight {weights[first]:g}{others(wrong.size, 'row')}"
        hint = f"expected a number from 0 to {MAX_REAL:g}; a row of weight 0 does not count"
        problems.append(Problem(table.place(first), what, hint))
    elif not problems and not weights.any():
        problems.append(Problem(Place(table.source), f"column {name!r}: all weights are 0", "name another column"))
    return weights, problems
