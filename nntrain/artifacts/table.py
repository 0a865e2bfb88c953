"""A user's table for a model: its columns are found by name, whatever their order and whatever else is there."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.data import Dataset, Label
from nntrain.data.csv import labels
from nntrain.data.prepare import Part, prepare
from nntrain.data.table import Separator, Table, numeric_columns, read_table, separator_hint
from nntrain.errors import InputError, Problem, bad_input, nearest
from nntrain.recipe.build import read_rows


def feature_rows(model: Model, path: str, separator: str | None = None) -> NDArray[np.float64]:
    """Return the model's features (N, I) from the CSV file at ``path`` (``-``: standard input).

    ``separator`` is what parts its cells; None: what the recipe names.

    Raises:
        InputError: if it cannot be read, or lacks a column, or has a cell that is no number.
    """
    return _features(model, _read(model, path, separator))


def labelled_rows(model: Model, path: str, separator: str | None = None) -> Part:
    """Return the model's features and targets from the CSV file at ``path`` (``-``: standard input).

    Raises:
        InputError: as :func:`feature_rows`, and if there is a class that the model does not know.
    """
    table = _read(model, path, separator)
    x = _features(model, table)
    if model.classes is None:
        return Part(x, numeric_columns(table, model.target_names))
    name = model.target_names[0]
    return Part(
        x, _indices(model.classes, labels(table, name), lambda row: f"{table.source}: column {name!r}, row {row}")
    )


def recipe_rows(model: Model) -> Dataset:
    """Return the rows of the model's recipe as they are found today, with its columns and classes in its order.

    Raises:
        InputError: if they cannot be read, or are others than the model was trained on: without a column of it, with a
            class that it does not know, or with numbers where it has classes.
    """
    recipe, dataset = read_rows(model.recipe, Path.cwd())
    source = str(getattr(recipe.data.source, "path", recipe.data.source.name))
    _check_columns(model, dataset.feature_names, source)
    x = dataset.x[:, [dataset.feature_names.index(name) for name in model.feature_names]]
    names = (model.feature_names, model.target_names, model.classes)
    if model.classes is None or dataset.classes is None:
        if dataset.classes != model.classes:
            kinds = ["numbers" if classes is None else "classes" for classes in (dataset.classes, model.classes)]
            raise bad_input(source, f"its target has {kinds[0]} now, but the model was trained on {kinds[1]}")
        return Dataset(x, dataset.y, *names)
    known = _indices(model.classes, dataset.classes, lambda _: f"{source}: target {model.target_names[0]!r}")
    return Dataset(x, known[dataset.y], *names)


def recipe_parts(model: Model) -> dict[str, Part]:
    """Return the parts of the model's recipe's data, as its table has them: train, validation and test.

    Raises:
        InputError: as :func:`recipe_rows`.
    """
    recipe = model.recipe
    settings: dict[str, Any] = recipe.data.model_dump(exclude={"source", "standardize", "standardize_target"})
    raw = prepare(recipe_rows(model), **settings, standardize=False, standardize_target=False, seed=recipe.seed)
    parts = {"train": raw.train, "validation": raw.validation, "test": raw.test}
    return {name: part for name, part in parts.items() if part is not None}


def _indices(classes: Iterable[Label], found: Iterable[Label], where: Callable[[int], str]) -> NDArray[np.int64]:
    """Return which of the model's classes labels are, by their text: 1 is found whether a class is number or name."""
    index = {str(label): i for i, label in enumerate(classes)}
    texts = list(map(str, found))
    unknown = next((text for text in texts if text not in index), None)
    if unknown is not None:
        hint = f"{nearest(unknown, index)} classes: {', '.join(index)}".strip()
        raise bad_input(where(texts.index(unknown) + 1), f"unknown class {unknown!r}", hint)
    return np.array([index[text] for text in texts], np.int64)


def _check_columns(model: Model, columns: Iterable[str], source: str) -> None:
    there = dict.fromkeys(columns)
    missing = [name for name in model.feature_names if name not in there]
    if missing:
        shown = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
        what = f"lacks {len(missing)} of the model's {len(model.feature_names)} columns: {shown}"
        hint = separator_hint(list(there)) or f"its columns: {', '.join(list(there)[:8])}"
        raise InputError(Problem(source, what, hint))


def _features(model: Model, table: Table) -> NDArray[np.float64]:
    _check_columns(model, table.names, table.source)
    return numeric_columns(table, model.feature_names)


def _read(model: Model, path: str, separator: str | None) -> Table:
    """Read a CSV file, of which cells are parted as in the recipe's own if nothing else is said."""
    if separator is None:
        return read_table(path, getattr(model.recipe.data.source, "separator", ","))
    mark = "\t" if separator == "\\t" else separator  # as it is easily typed
    marks = get_args(Separator)
    if mark not in marks:
        allowed = " ".join(repr(one) for one in marks)
        raise bad_input("--separator", f"found {separator!r}, which parts no cells", f"allowed: {allowed}")
    return read_table(path, mark)
