"""A user's table for a model. Its columns are found by name; their order and other columns do not matter."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.artifacts.row_facts import RowFacts
from nntrain.data import Dataset, Label
from nntrain.data.cells import MISSING
from nntrain.data.columns import FittedColumn
from nntrain.data.columns.categorical import FittedCategorical
from nntrain.data.numbers import complete_numbers
from nntrain.data.prepare import Split, split_dataset
from nntrain.data.reading.content import STDIN, is_there
from nntrain.data.row_weights import row_weights
from nntrain.data.table import TableFile
from nntrain.data.target import Task, labels, missing_targets, read_labels
from nntrain.data.target_scaling import TransformedTargets
from nntrain.data.text_table import Table
from nntrain.errors import (
    MAX_PROBLEMS,
    NOWHERE,
    InputError,
    Place,
    Problem,
    bad_input,
    counted,
    listed,
    nearest,
    others,
    refuse,
)
from nntrain.recipe.build import read_rows
from nntrain.recipe.document import load_document
from nntrain.recipe.files import CHECKSUMS, files_of, with_source
from nntrain.recipe.schema import Recipe, parse

FILES = {"path": "training data", "test_file": "test data"}
RECIPE = "recipe.yaml"  # beside a run's model
NAME_IT = "name a table with its columns with --data"


@dataclass(frozen=True)
class Rows:
    """The rows of a table for a model.

    Attributes:
        x: features, or the raw numbers of the model's columns (N, columns).
        problems: cells that the model cannot use.
        notes: messages to the user, such as on unseen categories.
    """

    x: NDArray[np.float64]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def feature_rows(
    model: Model, table: Table, unseen: str | None = None, facts: RowFacts | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the model's columns (N, columns) of a table, and notes for the user.

    ``unseen`` says what happens to categories not seen in training, pool or error; None: as the recipe says. The notes
    are about the blocks whose ``facts`` are given too.

    Raises:
        InputError: if it lacks a column, or has a cell that the model cannot use.
    """
    _places(model.column_names, table.names, table.source, table.names_hint())
    rows = _rows(model, table, unseen, facts)
    refuse(rows.problems)
    return rows.x, rows.notes


def labeled_rows(model: Model, table: Table, unseen: str | None = None) -> tuple[Split, tuple[str, ...]]:
    """Return the model's columns and targets of a table, and notes for the user; rows without a target are left out.

    Raises:
        InputError: as :func:`feature_rows`, and if the model does not know a class, or no row has a target.
    """
    _places((*model.target_names, *model.column_names), table.names, table.source, table.names_hint())
    task: Task = "regression" if model.classes is None else "classification"
    missing = missing_targets(table, list(model.target_names), task)
    if missing.all():
        raise bad_input(table.source, f"no row has a target {listed(map(repr, model.target_names))}")
    notes = [f"{counted(int(missing.sum()), 'row')} without a target left out"] if missing.any() else []
    table = table.where(~missing) if missing.any() else table
    rows = _rows(model, table, unseen)
    y: NDArray[Any]
    if model.classes is None:
        y, problems = complete_numbers(table, model.target_names)
        if isinstance(model.targets, TransformedTargets):
            problems = problems or model.targets.problems(table, model.target_names, y)
    elif len(model.target_names) > 1:
        y, problems = read_labels(table, model.target_names, model.classes)
    else:
        name = model.target_names[0]
        y, problems = _indices(model.classes, labels(table, name), table.place, name)
    weights, of_weights, found = _row_weights(model, table)
    refuse([*problems, *rows.problems, *of_weights])
    return Split(rows.x, y, weights), (*notes, *rows.notes, *found)


def _row_weights(model: Model, table: Table) -> tuple[NDArray[np.float64] | None, list[Problem], list[str]]:
    """Return the weight of each row, problems, and notes: if the table has no weights, all rows weigh the same."""
    name = getattr(model.recipe.data.source, "weights", None)
    if name is None:
        return None, [], []
    if name not in table.names:
        return None, [], [f"{table.source} has no column {name!r}, which weighed the rows in training: all weigh 1"]
    return *row_weights(table, name), []


def _rows(model: Model, table: Table, unseen: str | None, facts: RowFacts | None = None) -> Rows:
    if model.encoder is None:
        x, problems = complete_numbers(table, model.feature_names)
        return Rows(x, tuple(problems))
    columns = [_strict(column, unseen) for column in model.encoder.columns]
    read = [column.read(table) for column in columns]
    problems = [problem for raw in read for problem in raw.problems]
    x = np.stack([raw.values for raw in read], axis=1)
    facts = facts or RowFacts()
    facts.add(model.column_names, read, x)
    return Rows(x, tuple(problems), facts.notes)


def _strict(column: FittedColumn, unseen: str | None) -> FittedColumn:
    given = unseen is not None and isinstance(column, FittedCategorical)
    return column.model_copy(update={"unseen": unseen}) if given else column


def recipe_parts(model: Model, path: Path) -> dict[str, Split]:
    """Return the rows of the model's run before preprocessing: train, validation and test.

    A path in the model file is never opened. The data file is looked for where the recipe.yaml beside the model says,
    and beside the model under its name, and it is read only if its checksum is that of the model's recipe.

    Raises:
        InputError: if they are missing, cannot be read, or have changed.
    """
    recipe = model.recipe
    if isinstance(recipe.data.source, TableFile) and recipe.data.source.in_memory is False:
        raise bad_input(path, "its training data are not read into memory (data.source.in_memory: false)", NAME_IT)
    return split_dataset(recipe_rows(model, located(recipe, path)), recipe.data.splitting(recipe.seed))


def located(recipe: Recipe, path: Path) -> Recipe:
    """Return the recipe of the model at ``path`` with the path of its data.

    Raises:
        InputError: if they are not found.
    """
    source = recipe.data.source
    if not isinstance(source, TableFile):
        return recipe
    if source.path == STDIN:
        raise bad_input(path, "its training data came from standard input", NAME_IT)
    run = path.with_name(RECIPE)
    written: Mapping[str, str] = {}
    with suppress(InputError):  # it is not the recipe of a run
        written = files_of(parse(load_document(str(run))).data.source) if run.is_file() else {}
    found = {}
    for key, file in files_of(source).items():
        name = Path(file).name
        if getattr(source, CHECKSUMS[key]) is None:
            raise bad_input(path, f"has no checksum of its {FILES[key]} {name}", NAME_IT)
        places = [path.parent / place for place in dict.fromkeys((written.get(key, name), name))]
        found[key] = next((str(place) for place in places if is_there(place)), None)
        if found[key] is None:
            looked = " and ".join(map(str, places))
            raise bad_input(path, f"its {FILES[key]} are missing: looked for {looked}", NAME_IT)
    return with_source(recipe, source.model_copy(update=found))


def recipe_rows(model: Model, recipe: Recipe) -> Dataset:
    """Return the rows of a recipe with the columns, targets and classes of the model."""
    recipe, dataset = read_rows(recipe, Path.cwd())
    source = str(getattr(recipe.data.source, "path", recipe.data.source.name))
    test = None if dataset.test is None else as_trained(model, dataset.test, source)
    return replace(as_trained(model, dataset, source), test=test)


def as_trained(model: Model, dataset: Dataset, source: str) -> Dataset:
    """Return rows with the columns, targets and classes of the model."""
    places = _places(model.column_names, dataset.feature_names, source)
    x = dataset.x[:, places]
    if model.encoder is not None:
        columns = dataset.columns
        x = x if columns is None else model.encoder.recode([columns[place] for place in places], x)
    if model.classes is None or dataset.classes is None:
        if dataset.classes != model.classes:
            kinds = ["numbers" if classes is None else "classes" for classes in (dataset.classes, model.classes)]
            raise bad_input(source, f"its target has {kinds[0]}, but the model was trained on {kinds[1]}")
        y = dataset.y[:, _places(model.target_names, dataset.target_names, source)]
    elif dataset.y.ndim > 1:
        y = dataset.y[:, _places(model.target_names, dataset.target_names, source)]
    else:
        known, unknown = _indices(model.classes, dataset.classes, lambda _: Place(source), model.target_names[0])
        refuse(unknown)
        y = known[dataset.y]
    return replace(
        dataset,
        x=x,
        y=y,
        columns=None,
        feature_names=model.column_names,
        target_names=model.target_names,
        classes=model.classes,
    )


def _indices(
    classes: Sequence[Label], found: Sequence[Label], place: Callable[[int], Place], column: str
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Return the indices of labels in the model's classes, and a problem for each unknown one.

    Labels are compared as text: the number 1 and the text 1 are the same class.
    """
    index = {str(label): i for i, label in enumerate(classes)}
    texts = list(map(str, found))
    unknown = Counter(text for text in texts if text not in index)
    problems = []
    for number, (text, count) in enumerate(unknown.items()):
        if number >= MAX_PROBLEMS:  # the others are only counted
            problems.append(Problem(NOWHERE, text))
            continue
        missing = "fill in missing classes, or remove these rows" if text in MISSING else ""
        hint = missing or f"{nearest(text, index)} classes: {listed(index)}".strip()
        problems.append(
            Problem(place(texts.index(text)), f"column {column!r}: unknown class {text!r}{others(count, 'row')}", hint)
        )
    return np.array([index.get(text, -1) for text in texts], np.int64), problems


def _places(wanted: Sequence[str], columns: Iterable[str], source: str, hint: str = "") -> list[int]:
    """Return the indices of the columns ``wanted`` in a table; ``hint``: for the message if some are missing."""
    there = {name: place for place, name in enumerate(columns)}
    missing = [name for name in wanted if name not in there]
    if missing:
        what = f"lacks {len(missing)} of the model's {len(wanted)} columns: {listed(missing)}"
        raise bad_input(source, what, hint or f"its columns: {listed(there)}")
    return [there[name] for name in wanted]
