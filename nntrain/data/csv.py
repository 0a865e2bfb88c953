"""A user's own CSV file."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.data import Dataset, Label, Source
from nntrain.data.table import Separator, Table, numeric_columns, read_table
from nntrain.errors import bad_input

Name = Annotated[str, Field(min_length=1)]
TRUTH = {"false", "true"}


class Csv(Source):
    """A CSV file with a line of column names: numeric features, and a target of classes or numbers.

    Formula:
        target of text                                    -> classes
        target of numbers, task: auto or regression       -> numbers
        target of whole numbers, task: classification     -> classes

    Source: the user.
    """

    name: Literal["csv"] = "csv"
    path: Annotated[str, Field(min_length=1, description="the file; relative to the recipe")]
    target: Annotated[
        Name | Annotated[list[Name], Field(min_length=1)],
        Field(description="column to predict; several, as a list, for numbers"),
    ]
    features: Annotated[
        Annotated[list[Name], Field(min_length=1)] | None,
        Field(description="columns to predict from; null: all others"),
    ] = None
    task: Annotated[
        Literal["auto", "classification", "regression"], Field(description="auto: by whether the target is text")
    ] = "auto"
    separator: Annotated[Separator, Field(description="what parts cells")] = ","

    def load(self, folder: Path, seed: int) -> Dataset:
        """Read the file."""
        table = read_table(str(folder / self.path), self.separator)
        targets = [self.target] if isinstance(self.target, str) else self.target
        features = self.features or [name for name in table.names if name not in targets]
        for name in targets:
            table.column(name)
        if not features:
            raise bad_input(
                table.source, f"no columns beside the target {targets[0]!r}", "there is nothing to predict from"
            )
        for key, names in (("target", targets), ("features", features)):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise bad_input(f"data.source.{key}", f"names {twice!r} twice", "once is enough")
        both = [name for name in features if name in targets]
        if both:
            raise bad_input("data.source.features", f"{both[0]!r} is the target too", "leave it out of the features")
        x = numeric_columns(table, features)
        if self.task == "regression" or (self.task == "auto" and not _text(table, targets)):
            numbers = numeric_columns(table, targets, ", or say data.source.task: classification if it has classes")
            return Dataset(x, numbers, tuple(features), tuple(targets))
        if len(targets) > 1:
            raise bad_input("data.source.target", f"{len(targets)} columns, but classes need one", "name one column")
        y, classes = _classes(table, targets[0])
        return Dataset(x, y, tuple(features), tuple(targets), classes)


def _text(table: Table, targets: list[str]) -> bool:
    """Tell whether a target has classes: no cell of it, among those that are filled, is a number."""
    import polars as pl

    return any(table.stripped(name).cast(pl.Float64, strict=False).is_null().all() for name in targets)


def labels(table: Table, name: str) -> list[Label]:
    """Return a column of classes as labels: true and false, whole numbers, or text.

    Raises:
        InputError: if a cell is empty.
    """
    column = table.stripped(name)
    if column.null_count():
        row = int(column.is_null().arg_true()[0]) + 1
        raise bad_input(f"{table.source}: column {name!r}, row {row}", "an empty cell where a class is expected")
    cells = column.to_list()
    if {cell.lower() for cell in cells} <= TRUTH:
        return [cell.lower() == "true" for cell in cells]
    # "007" is a name: only what is written as str writes whole numbers is one
    if all(cell.removeprefix("-").isdecimal() and str(int(cell)) == cell for cell in set(cells)):
        return [int(cell) for cell in cells]
    return cells


def _classes(table: Table, name: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], tuple[Label, ...]]:
    found = labels(table, name)
    classes = tuple(sorted(set(found)))  # all of one type
    if len(classes) == len(found) and len(found) > 2:
        raise bad_input(
            f"{table.source}: column {name!r}",
            f"each of {len(found)} rows has a class of its own",
            "name another target, or task: regression for numbers",
        )
    index = {label: i for i, label in enumerate(classes)}
    return np.array([index[label] for label in found], np.int64), classes
