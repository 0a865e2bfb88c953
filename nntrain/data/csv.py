"""A user's own CSV file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from nntrain.data import Dataset, Source
from nntrain.data.target import Task, read_target
from nntrain.data.text_table import Separator, find_numbers, read_table
from nntrain.errors import bad_input, bad_key, refuse

Name = Annotated[str, Field(min_length=1)]


class Csv(Source):
    """A CSV file with a header line: numeric features, and a target of classes or numbers.

    Formula:
        task: auto, text target                            -> classes
        task: auto, numeric target                         -> numbers, except class codes:
            at most 10 distinct integers, and at most the square root of the number of rows
            digits with leading zeros, such as 01067
        task: auto, several targets                        -> numbers

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
    task: Annotated[Task, Field(description="auto: classes for text and for few distinct integers")] = "auto"
    separator: Annotated[Separator, Field(description="cell separator")] = ","
    sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None,
        Field(description="required checksum of the file; a run's own recipe has it"),
    ] = None

    def load(self, folder: Path, seed: int) -> Dataset:
        """Read the file."""
        table = read_table(str(folder / self.path), self.separator, sha256=self.sha256)
        targets = [self.target] if isinstance(self.target, str) else self.target
        refuse(table.missing([*targets, *(self.features or ())]))
        features = self.features or [name for name in table.names if name not in targets]
        if not features:
            raise bad_input(table.source, f"no columns besides the target {targets[0]!r}", "add feature columns")
        for key, names in (("target", targets), ("features", features)):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise bad_key(f"data.source.{key}", f"names {twice!r} twice", "name it once")
        both = next((name for name in features if name in targets), None)
        if both is not None:
            raise bad_key("data.source.features", f"{both!r} is the target", "remove it from the features")
        target = read_target(table, targets, self.task)
        x, problems = find_numbers(table, features)
        refuse([*target.problems, *problems])
        facts = (target.classes, target.notes, table.sha256)
        return Dataset(x, target.y, tuple(features), tuple(targets), *facts)

    def resolved(self, classification: bool) -> Self:
        """Return the source with the task that was found in place of ``auto``."""
        return self.model_copy(update={"task": "classification" if classification else "regression"})
