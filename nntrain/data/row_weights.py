"""The column of a table that holds the weight of each row."""

import numpy as np
from numpy.typing import NDArray

from nntrain.data.numbers import complete_numbers
from nntrain.data.text_table import Table
from nntrain.errors import Place, Problem, others


def row_weights(table: Table, name: str) -> tuple[NDArray[np.float64], list[Problem]]:
    """Return the column ``name`` as the weight of each row (N), and what is wrong with it.

    A weight is a finite number that is not negative; at least one is positive. A row of weight w counts like w equal
    rows, and a row of weight 0 does not count.
    """
    numbers, problems = complete_numbers(table, [name])
    weights = numbers[:, 0]
    negative = np.flatnonzero(weights < 0)
    if negative.size:
        first = int(negative[0])
        what = f"column {name!r}: found the weight {weights[first]:g}{others(negative.size, 'row')}"
        problems.append(Problem(table.place(first), what, "expected a number >= 0; 0 leaves the row out of the loss"))
    elif not problems and not weights.any():
        problems.append(Problem(Place(table.source), f"column {name!r}: all weights are 0", "name another column"))
    return weights, problems
