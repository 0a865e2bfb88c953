"""A user's table for a model: its columns are found by name, whatever their order and whatever else is there."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.data import Dataset, Label
from nntrain.data.cells import MISSING
from nntrain.data.prepare import Part, prepare
from nntrain.data.table import Separator, Table, find_numbers, numeric_columns, read_table
from nntrain.data.target import labels, without_label
from nntrain.errors import MOST_PROBLEMS, InputError, Problem, bad_input, listed, nearest, others, refuse
from nntrain.recipe.build import read_rows

CHANGED = "the file has changed since the model was trained on it, or is gone"


def model_table(model: Model, path: str, separator: str | None = None) -> Table:
    """Read the CSV file at ``path`` (``-``: standard input) for a model.

    ``separator`` is what stands between its cells; None: what the model's recipe names.

    Raises:
        InputError: if it cannot be read.
    """
    mark = getattr(model.recipe.data.source, "separator", ",") if separator is None else separator
    mark = "\t" if mark == "\\t" else mark  # as it is easily typed
    marks = get_args(Separator)
    if mark not in marks:
        allowed = " ".join(repr(one) for one in marks)
        raise bad_input("--separator", f"unknown separator {separator!r}", f"allowed: {allowed}")
    return read_table(path, mark, "--separator")


def feature_rows(model: Model, table: Table) -> NDArray[np.float64]:
    """Return the model's features (N, I) of a table.

    Raises:
        InputError: if it lacks a column, or has a cell that is not a number.
    """
    _check_columns(model.feature_names, table.names, table.source, table.names_hint())
    return numeric_columns(table, model.feature_names)


def labelled_rows(model: Model, table: Table) -> Part:
    """Return the model's features and targets of a table.

    Raises:
        InputError: as :func:`feature_rows`, and if there is a class that the model does not know.
    """
    names = (*model.target_names, *model.feature_names)
    _check_columns(names, table.names, table.source, table.names_hint())
    x, wrong = find_numbers(table, model.feature_names)
    y: NDArray[Any]
    if model.classes is None:
        y, problems = find_numbers(table, model.target_names)
    else:
        name = model.target_names[0]
        problems = without_label(table, name)
        found = [] if problems else labels(table, name)
        y, unknown = _indices(model.classes, found, lambda row: f"{table.place(row)}: column {name!r}")
        problems += unknown
    refuse([*problems, *wrong])
    return Part(x, y)


def recipe_rows(model: Model) -> Dataset:
    """Return the rows of the model's recipe as they are found today, with its columns and classes in its order.

    Raises:
        InputError: if they cannot be read, or are others than the model was trained on: without a column of it, with a
            class that it does not know, or with numbers where it has classes.
    """
    source = model.recipe.data.source.resolved(model.classes is not None)
    data = model.recipe.data.model_copy(update={"source": source})
    try:
        recipe, dataset = read_rows(model.recipe.model_copy(update={"data": data}), Path.cwd())
    except InputError as error:  # whose hints are for recipes
        raise InputError(*(Problem(problem.where, problem.what, CHANGED) for problem in error.problems)) from None
    where = str(getattr(recipe.data.source, "path", recipe.data.source.name))
    _check_columns(model.feature_names, dataset.feature_names, where)
    x = dataset.x[:, [dataset.feature_names.index(name) for name in model.feature_names]]
    names = (model.feature_names, model.target_names, model.classes)
    if model.classes is None or dataset.classes is None:
        if dataset.classes != model.classes:
            kinds = ["numbers" if classes is None else "classes" for classes in (dataset.classes, model.classes)]
            raise bad_input(where, f"its target has {kinds[0]} now, but the model was trained on {kinds[1]}")
        return Dataset(x, dataset.y, *names)
    known, unknown = _indices(model.classes, dataset.classes, lambda _: f"{where}: target {model.target_names[0]!r}")
    refuse(unknown)
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


def _indices(
    classes: Sequence[Label], found: Sequence[Label], where: Callable[[int], str]
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Return which of the model's classes labels are, and a problem for each that is none.

    They are compared as text: the class 1 is the same whether it is a number or a name.
    """
    index = {str(label): i for i, label in enumerate(classes)}
    texts = list(map(str, found))
    unknown = Counter(text for text in texts if text not in index)
    problems = []
    for number, (text, count) in enumerate(unknown.items()):
        if number >= MOST_PROBLEMS:  # the others are only counted
            problems.append(Problem("", text))
            continue
        missing = "fill in missing classes, or leave the rows out" if text in MISSING else ""
        hint = missing or f"{nearest(text, index)} classes: {listed(index)}".strip()
        problems.append(Problem(where(texts.index(text)), f"unknown class {text!r}{others(count, 'row')}", hint))
    return np.array([index.get(text, -1) for text in texts], np.int64), problems


def _check_columns(needed: Sequence[str], columns: Iterable[str], source: str, hint: str = "") -> None:
    there = dict.fromkeys(columns)
    missing = [name for name in needed if name not in there]
    if missing:
        what = f"lacks {len(missing)} of the model's {len(needed)} columns: {listed(missing)}"
        raise bad_input(source, what, hint or f"its columns: {listed(there)}")
