"""Rows written in the recipe itself, for examples worked by hand."""

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.data import Dataset, Source

Row = Annotated[list[float], Field(min_length=1)]


class Given(Source):
    """Given rows: features x1, x2 ... and the target o of each; text targets are classes.

    Formula:
        x, o as written

    Source: Straka (backpropagation by hand).
    """

    name: Literal["given"] = "given"
    x: Annotated[list[Row], Field(min_length=1, description="the features of each row, as in [[1, 2], [3, 4]]")]
    o: Annotated[
        list[float | str | Row],
        Field(min_length=1, description="the target of each row: all numbers, all words, or all lists of numbers"),
    ]
    classes: Annotated[
        list[str] | None,
        Field(min_length=2, description="all classes in order, of which only some, or one, need occur in o"),
    ] = None

    @model_validator(mode="after")
    def _rows_are_alike(self) -> Self:
        if len(self.x) != len(self.o):
            raise PydanticCustomError("rows_differ", f"x has {len(self.x)} rows, and o has {len(self.o)}")
        if len({isinstance(target, str) + 2 * isinstance(target, list) for target in self.o}) > 1:
            raise PydanticCustomError("mixed", "o has to be all numbers, all words, or all lists of numbers")
        if self.classes is not None:
            other = next((target for target in self.o if target not in self.classes), None)
            if other is not None:
                raise PydanticCustomError("no_class", f"o has {other!r}, which is not one of the classes")
            if len(set(self.classes)) < len(self.classes):
                raise PydanticCustomError("twice", "a class is listed twice")
        for name, rows in (("x", self.x), ("o", self.o)):
            lengths = [len(row) for row in rows if isinstance(row, list)]
            if len(set(lengths)) > 1:
                raise PydanticCustomError("ragged", f"the rows of {name} have {min(lengths)} to {max(lengths)} numbers")
        return self

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return the rows; classes are in alphabetical order unless they are listed."""
        x = np.array(self.x, np.float64)
        names = tuple(f"x{number}" for number in range(1, x.shape[1] + 1))
        if self.classes is not None:
            y = np.array([self.classes.index(str(target)) for target in self.o], np.int64)
            return Dataset(x, y, names, ("o",), tuple(self.classes), classes_listed=True)
        if isinstance(self.o[0], str):
            classes, y = np.unique(np.array(self.o), return_inverse=True)
            return Dataset(x, y.astype(np.int64), names, ("o",), tuple(map(str, classes)))
        numbers = np.array(self.o, np.float64).reshape(len(x), -1)
        targets = [f"o{number}" for number in range(1, numbers.shape[1] + 1)] if numbers.shape[1] > 1 else ["o"]
        return Dataset(x, numbers, names, tuple(targets))
