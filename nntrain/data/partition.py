"""Which rows of a dataset are in which split: at random, by group, by time, as a column says, or by fold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.data import Dataset
from nntrain.data.folds import Fold, fold_rows
from nntrain.data.split import SPLITS, Indices, SplitColumn, all_rows, split_rows, split_size
from nntrain.errors import bad_input, bad_key, counted

FRACTIONS_HINT = "add rows, or lower the fractions; 0 means no such split"


@dataclass(frozen=True)
class Splitting:
    """How rows are split.

    Attributes:
        validation: fraction of all rows, or groups, for validation; with a fold, of those that are not in the fold.
        test: fraction of all rows, or groups, for the test split; not used with a fold or a test file.
        stratify: keep the class proportions in each split, unless rows are split by a column or have several labels.
        seed: of the splits.
        test_seed: of the test split; None: ``seed``.
        fold: the fold that is the test split; None: no folds.
    """

    validation: float
    test: float
    stratify: bool
    seed: int
    test_seed: int | None = None
    fold: Fold | None = None


def partition(dataset: Dataset, how: Splitting) -> dict[str, Indices]:
    """Return the indices of the rows of each split; a split without rows is left out.

    The test split comes first, so that it does not depend on the validation fraction.

    Raises:
        InputError: if there are too few rows or groups, a class has too few rows, or there is only one class.
    """
    _check_classes(dataset)
    if how.fold is not None:
        _check_fold(dataset, how.fold)
    by = dataset.split_by
    found = _as_given(by, how) if by is not None and by.kind == "split" else _taken(dataset, how)
    if not found["train"].size:
        raise bad_input("data", "validation and test leave no row to train on", FRACTIONS_HINT)
    return {name: found[name] for name in SPLITS if name in found}


def _as_given(by: SplitColumn, how: Splitting) -> dict[str, Indices]:
    """Return the splits that a column names; rows for validation are taken from the others if it names none."""
    found = {name: rows for index, name in enumerate(SPLITS) if (rows := np.flatnonzero(by.values == index)).size}
    if "train" not in found:
        raise bad_key("data.source.split", f"column {by.name!r} has no row for train", "mark some rows as train")
    if "validation" not in found and how.validation:
        rows = found["train"]
        _check_left(len(rows), how.validation, 0.0)
        found["train"], found["validation"] = _random(rows, split_size(how.validation, len(rows)), how.seed, None)
    return found


def _taken(dataset: Dataset, how: Splitting) -> dict[str, Indices]:
    """Return the splits as rows are taken: first for testing, then for validation."""
    take, every = _way(dataset, how), all_rows(len(dataset.x))
    rows, found = every, {}
    test_seed = how.seed if how.test_seed is None else how.test_seed
    if how.fold is not None:
        rows, found["test"] = fold_rows(dataset, how.fold, how.stratify, test_seed)
        every = rows
    elif how.test and dataset.test is None:
        rows, found["test"] = take(rows, how.test, every, test_seed)
    if how.validation:
        rows, found["validation"] = take(rows, how.validation, every, how.seed)
    return {**found, "train": rows}


# returns the remaining and the taken rows, given rows, a fraction, the rows that it is a fraction of, and a seed
Take = Callable[[Indices, float, Indices, int], tuple[Indices, Indices]]


def _way(dataset: Dataset, how: Splitting) -> Take:
    """Return how rows are taken, after checking that there are enough."""
    by, rows = dataset.split_by, len(dataset.x)
    test = 0.0 if how.fold is not None or dataset.test is not None else how.test
    if by is None:
        classes = dataset.y if dataset.single_label and how.stratify else None
        _check_left(rows, how.validation, test)
        if classes is not None:
            _check_stratified(dataset, how.validation, test)
        return lambda rows, fraction, whole, seed: _random(rows, split_size(fraction, len(whole)), seed, classes)
    if by.kind == "time":
        _check_left(rows, how.validation, test)
        return lambda rows, fraction, whole, seed: _latest(by, rows, split_size(fraction, len(whole)))
    _check_left(len(np.unique(by.values)), how.validation, test, by.name, "group")
    return lambda rows, fraction, whole, seed: _groups(by, rows, fraction, whole, seed)


def _random(rows: Indices, taken: int, seed: int, classes: Any) -> tuple[Indices, Indices]:
    stay, leave = split_rows(rows.size, taken, seed, None if classes is None else classes[rows])
    return rows[stay], rows[leave]


def _latest(by: SplitColumn, rows: Indices, taken: int) -> tuple[Indices, Indices]:
    order = rows[np.argsort(by.values[rows], kind="stable")]
    return order[: order.size - taken], order[order.size - taken :]


def _groups(by: SplitColumn, rows: Indices, fraction: float, whole: Indices, seed: int) -> tuple[Indices, Indices]:
    """Take whole groups: the indices of sklearn.model_selection.GroupShuffleSplit."""
    there = np.unique(by.values[rows])
    taken = split_size(fraction, np.unique(by.values[whole]).size)
    _, leave = split_rows(there.size, taken, seed)
    leaves = np.isin(by.values[rows], there[leave])
    return rows[~leaves], rows[leaves]


def _check_fold(dataset: Dataset, fold: Fold) -> None:
    by = dataset.split_by
    kind = "" if by is None else by.kind
    other = "test_file" if dataset.test is not None else "split" if kind == "split" else ""
    if other:
        what = f"folds and data.source.{other} both say which rows are for testing"
        raise bad_key("data.fold", what, f"remove data.source.{other}, or train without folds")
    count, noun = len(dataset.x), "row"
    if by is not None and kind == "groups":
        count, noun = len(np.unique(by.values)), "group"
    needed = fold.of + (kind == "time")
    if count < needed:
        what = f"{fold.of} folds need at least {counted(needed, noun)}, found {count:,}"
        raise bad_key("data.fold", what, "choose fewer folds")


def _check_classes(dataset: Dataset) -> None:
    if dataset.classes is None or not dataset.single_label or dataset.classes_listed:
        return
    counts = np.bincount(dataset.y, minlength=len(dataset.classes))
    if np.count_nonzero(counts) < 2:
        raise bad_input("data", f"only one class: {dataset.classes[int(counts.argmax())]!r}", "name another target")


def _check_left(count: int, validation: float, test: float, column: str = "", noun: str = "row") -> None:
    left = count - sum(split_size(fraction, count) for fraction in (validation, test) if fraction)
    if left >= 1:
        return
    fractions = " and ".join(
        f"{name} {fraction:g}" for name, fraction in (("validation", validation), ("test", test)) if fraction
    )
    found = f"column {column!r} has {counted(count, noun)}" if column else counted(count, noun)
    leave = "leave" if validation and test else "leaves"
    raise bad_input("data", f"{found}: {fractions} {leave} none to train on", FRACTIONS_HINT)


def _check_stratified(dataset: Dataset, validation: float, test: float) -> None:
    rows, classes = len(dataset.x), dataset.classes or ()
    sizes = [split_size(fraction, rows) for fraction in (validation, test) if fraction]
    if not sizes:
        return
    counts = np.bincount(dataset.y, minlength=len(classes))
    hint = "add rows, raise the fractions, or set data.stratify: false"
    if (smallest := min(*sizes, rows - sum(sizes))) < counts.size:
        what = f"a split of {counted(smallest, 'row')} cannot contain each of {counts.size} classes"
        raise bad_input("data", what, hint)
    rarest = int(counts.argmin())
    if counts[rarest] <= len(sizes):
        needed = len(sizes) + 1
        what = f"class {classes[rarest]!r} has {counted(int(counts[rarest]), 'row')}"
        raise bad_input("data", f"{what}; {needed} splits need at least {needed}", hint)
