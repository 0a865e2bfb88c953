"""A user's table for a model: its columns are found by name, whatever their order and whatever else is there."""

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.data.csv import labels
from nntrain.data.prepare import Part
from nntrain.data.table import Table, numeric_columns, read_table
from nntrain.errors import InputError, Problem, bad_input


def feature_rows(model: Model, path: str) -> NDArray[np.float64]:
    """Return the model's features (N, I) from the CSV file at ``path`` (``-``: standard input).

    Raises:
        InputError: if it cannot be read, or lacks a column, or has a cell that is no number.
    """
    return _features(model, read_table(path, _separator(model)))


def labelled_rows(model: Model, path: str) -> Part:
    """Return the model's features and targets from the CSV file at ``path`` (``-``: standard input).

    Raises:
        InputError: as :func:`feature_rows`, and if there is a class that the model does not know.
    """
    table = read_table(path, _separator(model))
    x = _features(model, table)
    if model.classes is None:
        return Part(x, numeric_columns(table, model.target_names))
    name = model.target_names[0]
    # by their text, so that 1 is found whether a class is the number or the name
    index = {str(label).lower(): i for i, label in enumerate(model.classes)}
    found = [str(label).lower() for label in labels(table, name)]
    unknown = [(row, label) for row, label in enumerate(found, start=1) if label not in index]
    if unknown:
        row, label = unknown[0]
        known = ", ".join(map(str, model.classes))
        raise bad_input(f"{table.source}: column {name!r}, row {row}", f"unknown class {label!r}", f"classes: {known}")
    return Part(x, np.array([index[label] for label in found], np.int64))


def _features(model: Model, table: Table) -> NDArray[np.float64]:
    missing = [name for name in model.feature_names if name not in table.columns.columns]
    if missing:
        shown = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
        what = f"lacks {len(missing)} of the model's {len(model.feature_names)} columns: {shown}"
        found = ", ".join(table.columns.columns[:8])
        raise InputError(Problem(table.source, what, f"its columns: {found}"))
    return numeric_columns(table, model.feature_names)


def _separator(model: Model) -> str:
    return getattr(model.recipe.data.source, "separator", ",")
