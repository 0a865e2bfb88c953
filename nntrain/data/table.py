"""A user's own table."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.data import Dataset, Label, Source
from nntrain.data.columns import Column, RawColumn
from nntrain.data.reading import (
    DecimalKey,
    EncodingKey,
    FormatKey,
    HeaderKey,
    Reading,
    SeparatorKey,
    SheetKey,
    SkipKey,
    ThousandsKey,
    check_marks,
)
from nntrain.data.reading.content import STDIN
from nntrain.data.reading.files import read_table
from nntrain.data.roles import Role, find_role
from nntrain.data.row_weights import row_weights
from nntrain.data.split import SplitColumn
from nntrain.data.split_columns import read_groups, read_split, read_time
from nntrain.data.table_notes import marker_notes, spellings, why_ignored
from nntrain.data.target import Target, Task, missing_targets, read_target
from nntrain.data.test_file import read_test_target
from nntrain.data.text_table import Table
from nntrain.errors import Problem, bad_input, bad_key, counted, listed, refuse
from nntrain.registry import MAX_COUNT, Choice, Real

Name = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], Field(min_length=1)]


class TableFile(Source):
    """A table of your own: columns of numbers, categories, dates and truth values, and a target.

    CSV, Parquet, JSON, NPY, NPZ or XLSX; text may be compressed with gzip or zstd. ``path`` may also be a pattern
    of file names, such as part-*.csv, or - for standard input.

    Formula:
        role of a column: boolean for true and false, numeric for numbers, date for dates, categorical for other text;
            identifiers and free text are ignored (``nntrain inspect`` shows the roles, ``columns`` changes them)
        task: auto, text target                            -> classes
        task: auto, numeric target                         -> numbers, except class codes:
            at most 10 distinct integers, and at most the square root of the number of rows
            digits with leading zeros, such as 01067
        task: auto, several targets                        -> numbers, except yes/no labels: true and false, yes and no

    Source: the user.
    """

    name: Literal["table"] = "table"
    path: Annotated[
        str,
        Field(min_length=1, description="the file, relative to the recipe, or a pattern; -: standard input"),
    ]
    target: Annotated[
        Name | Names, Field(description="column to predict; several, as a list, for numbers or for yes/no labels")
    ]
    features: Annotated[Names | None, Field(description="columns to predict from; null: all others")] = None
    exclude: Annotated[list[Name], Field(description="columns not to use")] = Field(default_factory=list)
    columns: Annotated[
        dict[Name, Annotated[Column, Choice()]],
        Field(description="roles of columns, as in {zip: categorical, id: ignore}; the others are detected"),
    ] = Field(default_factory=dict)
    weights: Annotated[
        Name | None,
        Field(description="column with the weight of each row in the loss and the metrics; null: all weigh 1"),
    ] = None
    missing: Annotated[
        list[str | Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)] | Real],
        Field(description="cells that mark missing values, besides blank ones"),
    ] = Field(default_factory=list)
    task: Annotated[Task, Field(description="auto: classes for text and for few distinct integers")] = "auto"
    split: Annotated[
        Name | None, Field(description="column that says train, validation or test; null: split at random")
    ] = None
    groups: Annotated[Name | None, Field(description="column of groups whose rows stay in one split")] = None
    time: Annotated[
        Name | None, Field(description="column of times: the earliest rows are for training, the latest for testing")
    ] = None
    test_file: Annotated[
        Name | None, Field(description="another file, with the rows of the test split; relative to the recipe")
    ] = None
    in_memory: Annotated[
        bool | None,
        Field(
            description="read the table into memory; false: convert it once to memory-mapped files and train from "
            "them; null: read it unless its files are larger than a tenth of the memory"
        ),
    ] = None
    format: FormatKey = None
    separator: SeparatorKey = None
    decimal: DecimalKey = "."
    thousands: ThousandsKey = None
    encoding: EncodingKey = "utf-8"
    header: HeaderKey = True
    skip_rows: SkipKey = 0
    sheet: SheetKey = None
    sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None,
        Field(description="required checksum of the file; a run's own recipe has it"),
    ] = None
    test_sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None,
        Field(description="required checksum of the test file"),
    ] = None

    @model_validator(mode="after")
    def _split_in_one_way(self) -> Self:
        given = [key for key in ("split", "groups", "time") if getattr(self, key)]
        if len(given) > 1:
            raise PydanticCustomError("split_twice", f"{' and '.join(given)} both say how rows are split: remove one")
        if self.split and self.test_file:
            raise PydanticCustomError(
                "tested_twice", "split and test_file both say which rows are for testing: remove one"
            )
        return self

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        check_marks(self.decimal, self.thousands)
        return self

    def load(self, folder: Path, seed: int) -> Dataset:
        """Read the file, and the test file if there is one."""
        table = self.table(folder)
        targets = [self.target] if isinstance(self.target, str) else self.target
        names = self.features_of(table, targets)
        table, notes = self._labelled(table, targets)
        roles = self.roles(table, names)
        dataset = self._dataset(table, targets, read_target(table, targets, self.task), roles)
        split_by, problems = self._split_by(table)
        refuse(problems)
        ignored = {name: role for name, role in roles.items() if not role.column.used and name not in self.columns}
        notes += [*marker_notes(table, roles), *([why_ignored(ignored)] if ignored else [])]
        test = None
        if self.test_file is not None:
            test, more = self._test(folder, targets, roles, dataset.classes)
            notes += more
        return replace(dataset, notes=(*dataset.notes, *notes), split_by=split_by, test=test)

    def _labelled(self, table: Table, targets: list[str]) -> tuple[Table, list[str]]:
        """Return the table without the rows that lack a target, and a note if there are any."""
        missing = missing_targets(table, targets, self.task)
        if missing.all():
            raise bad_input(table.source, f"no row has a target {listed(map(repr, targets))}")
        if not missing.any():
            return table, []
        return table.where(~missing), [f"{counted(int(missing.sum()), 'row')} without a target left out"]

    def _split_by(self, table: Table) -> tuple[SplitColumn | None, list[Problem]]:
        """Return the column by which the rows are split, if one is named, and what is wrong with it."""
        if self.split:
            return read_split(table, self.split)
        if self.groups:
            return read_groups(table, self.groups)
        return read_time(table, self.time, self.columns.get(self.time)) if self.time else (None, [])

    def _test(
        self, folder: Path, targets: list[str], roles: dict[str, Role], classes: tuple[Label, ...] | None
    ) -> tuple[Dataset, list[str]]:
        """Return the rows of the test file, with the roles and classes of the training file."""
        other = self.model_copy(update={"path": self.test_file, "sha256": self.test_sha256})
        table = other.table(folder)
        weights = [] if self.weights is None else [self.weights]
        used = [name for name, role in roles.items() if role.column.used]
        refuse(table.missing_columns([*targets, *used, *weights]))
        table, notes = self._labelled(table, targets)
        dataset = self._dataset(table, targets, read_test_target(table, targets, classes), roles)
        return dataset, [f"{table.source}: {line}" for line in notes]

    def _dataset(self, table: Table, targets: list[str], target: Target, roles: dict[str, Role]) -> Dataset:
        """Return the rows of a table whose columns have these roles."""
        read = {name: role.column.read(table, name) for name, role in roles.items() if role.column.used}
        weights, problems = (None, []) if self.weights is None else row_weights(table, self.weights)
        refuse([*target.problems, *(problem for raw in read.values() for problem in raw.problems), *problems])
        if not read:
            raise bad_input(table.source, "no column is left to predict from", why_ignored(roles))
        return Dataset(
            np.stack([raw.values for raw in read.values()], axis=1),
            target.y,
            tuple(read),
            tuple(targets),
            target.classes,
            target.notes,
            table.sha256,
            tuple(RawColumn(name, roles[name].column, raw.levels) for name, raw in read.items()),
            table.rows,
            weights=weights,
        )

    def table(self, folder: Path) -> Table:
        """Return the cells of the file."""
        path = self.path if self.path == STDIN else str(folder / self.path)
        table = read_table(path, self.reading, sha256=self.sha256)
        return replace(table, tokens=self.tokens)

    def roles(self, table: Table, names: list[str]) -> dict[str, Role]:
        """Return the role of each of the columns ``names``: that of the recipe, or the detected one."""
        given = {name: Role(column, "set in the recipe") for name, column in self.columns.items()}
        return {name: given.get(name) or find_role(table, name) for name in names}

    @property
    def reading(self) -> Reading:
        """How the file is read."""
        return Reading(**self.model_dump(include=set(Reading.model_fields)))

    @property
    def tokens(self) -> frozenset[str]:
        """The cells that mark missing values, as text."""
        return frozenset(text for token in self.missing for text in spellings(token))

    def resolved(self, classification: bool) -> Self:
        """Return the source with the task that was found in place of ``auto``."""
        return self.model_copy(update={"task": "classification" if classification else "regression"})

    def features_of(self, table: Table, targets: list[str]) -> list[str]:
        """Return the columns to predict from, after checking the names in the recipe."""
        if self.weights in (*targets, *(self.features or ()), *self.columns):
            what = f"{self.weights!r} is the target, a feature or in columns too"
            raise bad_key("data.source.weights", what, "name a column that holds weights and nothing else")
        others = [name for name in (self.split, self.groups, self.time, self.weights) if name]
        refuse(table.missing_columns([*targets, *(self.features or ()), *self.exclude, *self.columns, *others]))
        for key, names in (("target", targets), ("features", self.features or []), ("exclude", self.exclude)):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise bad_key(f"data.source.{key}", f"names {twice!r} twice", "name it once")
        chosen = self.features or [name for name in table.names if name not in (*targets, *others)]
        both = next((name for name in chosen if name in targets), None)
        if both is not None:
            raise bad_key("data.source.features", f"{both!r} is the target", "remove it from the features")
        found = [name for name in chosen if name not in self.exclude]
        if not found:
            raise bad_input(table.source, f"no columns besides the target {targets[0]!r}", "add feature columns")
        return found


class Csv(TableFile):
    """A CSV file: another name of ``table``.

    Formula:
        as of table

    Source: the user.
    """

    name: Literal["csv"] = "csv"  # type: ignore[assignment]
