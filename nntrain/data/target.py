"""Read the target of a user's table: classes or numbers.

With ``task: auto`` a text column holds classes, and a numeric column holds numbers unless it holds class codes: few
distinct integers (at most :data:`MAX_CLASS_CODES`, and at most the square root of the number of rows), or digits with
leading zeros, such as postal codes. Several columns hold numbers, unless each holds yes and no: those are labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Label
from nntrain.data.cells import MISSING
from nntrain.data.numbers import complete_numbers
from nntrain.data.text_table import MAX_DISTINCT, Table
from nntrain.errors import Place, Problem, listed, others

Task = Literal["auto", "classification", "regression"]
KEY = "data.source.task"
CLASSES, NUMBERS = f"{KEY}: classification", f"{KEY}: regression"
MAX_CLASS_CODES = 10
# what a column of a label may hold: no and yes
YES_NO: tuple[tuple[tuple[str, str], tuple[Label, Label]], ...] = (
    (("false", "true"), (False, True)),
    (("no", "yes"), ("no", "yes")),
    (("f", "t"), ("f", "t")),
    (("n", "y"), ("n", "y")),
    (("0", "1"), (0, 1)),
)
INTEGER = r"^[-+]?[0-9]{1,18}(\.0*)?$"
LEADING_ZERO = r"^0[0-9]+$"


@dataclass(frozen=True)
class Target:
    """The target columns of a table.

    Attributes:
        y: class indices (N,), numbers (N, T), or class indices of several labels (N, L).
        classes: the label of each class, or None for numbers.
        notes: how it was read, if that was a guess.
        problems: what is wrong with it; ``y`` is then unusable.
    """

    y: NDArray[Any]
    classes: tuple[Label, ...] | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_target(table: Table, names: list[str], task: Task) -> Target:
    """Read the columns ``names`` of a table as the target of a task."""
    if len(names) > 1 and task != "regression" and (classes := label_classes(table, names, task)) is not None:
        return Target(read_labels(table, names, classes)[0], classes)
    kinds = [_kind(table, name) for name in names]
    if task == "regression" or (task == "auto" and all(kind.numbers for kind in kinds)):
        otherwise = next((kind.otherwise for kind in kinds if kind.otherwise), "") if task == "auto" else ""
        y, problems = complete_numbers(table, names, otherwise)
        notes = [kind.note for kind in kinds if kind.note and task == "auto"]
        return Target(y, None, tuple(notes), tuple(problems))
    if len(names) > 1 and (task == "classification" or any(kind.text for kind in kinds)):
        what = f"found {len(names)} columns that are neither all numbers nor all labels (such as true and false)"
        hint = "name one column for classes"
        return _wrong(Problem(Place(key="data.source.target"), what, hint))
    if len(names) > 1:
        y, problems = complete_numbers(table, names, "")
        codes = label_classes(table, names, "classification") is not None
        way = f"for labels, set {CLASSES}" if codes else "for classes, name one"
        note = f"targets {listed(names)}: several columns are read as numbers; {way}"
        return Target(y, None, (note,), tuple(problems))
    return _classes(table, names[0], task, kinds[0])


def label_classes(table: Table, names: list[str], task: Task) -> tuple[Label, Label] | None:
    """Return the two classes of several columns that all hold yes and no; None if they hold something else.

    0 and 1 are classes only if the recipe asks for classification.
    """
    found: set[str] = set()
    for name in names:
        found |= set(table.cells(name).drop_nulls().str.to_lowercase().unique().to_list())
    for words, classes in YES_NO:
        if found <= set(words) and (task == "classification" or isinstance(classes[0], bool | str)):
            return classes
    return None


def read_labels(
    table: Table, names: Sequence[str], classes: tuple[Label, ...]
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Return which of the two classes each cell of several columns holds (N, L), and a problem for other cells."""
    import polars as pl

    index = {str(label).lower(): place for place, label in enumerate(classes)}
    y, problems = np.empty((table.height, len(names)), np.int64), []
    for place, name in enumerate(names):
        cells = table.cells(name)
        codes = cells.str.to_lowercase().replace_strict(index, default=-1, return_dtype=pl.Int64)
        y[:, place] = codes.fill_null(-1).to_numpy()
        wrong = np.flatnonzero(y[:, place] < 0)
        if wrong.size:
            what = f"column {name!r}: unknown class {cells[int(wrong[0])]!r}{others(wrong.size, 'row')}"
            problems.append(Problem(table.place(int(wrong[0])), what, f"classes: {listed(map(str, classes))}"))
    return y, problems


def missing_targets(table: Table, names: list[str], task: Task) -> NDArray[np.bool_]:
    """Return which rows (N,) lack a target: a missing cell, or a marker such as NA in a column of numbers."""
    missing = np.zeros(table.height, bool)
    for name in names:
        cells = table.cells(name)
        lacking = cells.is_null()
        if not _kind(table, name).text or task == "regression":
            lacking = lacking | cells.is_in(list(MISSING)).fill_null(False)
        missing |= lacking.to_numpy()
    return missing


def target_markers(table: Table, names: list[str]) -> list[str]:
    """Return the well-known markers of missing values, such as NA, in targets of text."""
    found: dict[str, None] = {}
    for name in names:
        if _kind(table, name).text:
            cells = table.cells(name)
            found |= dict.fromkeys(cells.filter(cells.is_in(list(MISSING))).unique().sort().to_list())
    return list(found)


def labels(table: Table, name: str) -> list[Label]:
    """Return a column without empty cells as labels: booleans, integers or text."""
    cells = table.cells(name)
    found = cells.unique().to_list()
    known: dict[str, Label] = {cell: cell for cell in found}
    if {cell.lower() for cell in found} <= {"true", "false"}:
        known = {cell: cell.lower() == "true" for cell in found}
    elif cells.str.contains(INTEGER).all() and not cells.str.contains(r"^[-+]?0[0-9]").any():  # "007" is text
        known = {cell: int(cell.partition(".")[0]) for cell in found}
    return [known[cell] for cell in cells.to_list()]


@dataclass(frozen=True)
class _Kind:
    """What a column looks like: text, numbers or class codes (neither flag set)."""

    text: bool = False
    numbers: bool = False
    note: str = ""
    otherwise: str = ""


def _kind(table: Table, name: str) -> _Kind:
    cells = table.cells(name).drop_nulls()
    cells = cells.filter(~cells.is_in(list(MISSING)))
    numbers = table.numbers(cells).drop_nulls()
    if not len(numbers):
        some = cells.unique(maintain_order=True).head(MAX_DISTINCT).to_list()
        foreign = bool(some) and table.other_format(some) is not None
        return _Kind(numbers=True) if foreign else _Kind(text=True)
    if len(numbers) < len(cells):
        return _Kind(numbers=True, otherwise=f"set {CLASSES} if the column holds classes")
    if cells.str.contains(r"^[0-9]+$").all() and cells.str.contains(LEADING_ZERO).any():
        count = cells.n_unique()
        return _Kind(
            note=f"target {name!r}: numbers with leading zeros are read as {count} classes; {_alternative(NUMBERS)}"
        )
    count = numbers.n_unique()
    if not 1 < count <= MAX_CLASS_CODES or count == len(cells) or not cells.str.contains(INTEGER).all():
        return _Kind(numbers=True)
    if count <= isqrt(len(cells)):
        return _Kind(note=f"target {name!r}: {count} distinct integers are read as classes; {_alternative(NUMBERS)}")
    what = f"{count} distinct integers in {len(cells)} rows are read as numbers"
    return _Kind(numbers=True, note=f"target {name!r}: {what}; {_alternative(CLASSES)}")


def _alternative(setting: str) -> str:
    return f"for {'numbers' if setting == NUMBERS else 'classes'}, set {setting}"


def _classes(table: Table, name: str, task: Task, kind: _Kind) -> Target:
    problems = []
    cells = table.cells(name)
    missing = cells.is_in(list(MISSING)).fill_null(False)
    notes = [kind.note] if kind.note and task == "auto" else []
    if missing.any():
        rows = missing.arg_true()
        marker = repr(cells[rows[0]])
        if task == "classification" and kind.text:
            notes.append(f"target {name!r}: {marker} is read as a class")
        else:
            what = f"column {name!r}: found {marker}, expected a class{others(len(rows), 'row')}"
            ways = f"set data.source.missing: [{marker}] to leave the rows out"
            if kind.text:
                ways += f", or set {CLASSES} if {marker} is a class"
            problems.append(Problem(table.place(rows[0]), what, ways))
    if problems:
        return _wrong(*problems)
    found = labels(table, name)
    classes = tuple(sorted(set(found)))  # all have the same type
    if len(classes) == len(found) > 2:
        what = f"column {name!r}: each of {len(found)} rows has a different class"
        return _wrong(
            Problem(Place(table.source), what, f"choose another target, or set {NUMBERS} if it holds numbers")
        )
    index = {label: i for i, label in enumerate(classes)}
    return Target(np.array([index[label] for label in found], np.int64), classes, tuple(notes))


def _wrong(*problems: Problem) -> Target:
    return Target(np.empty(0), problems=problems)
