"""Types that many outputs share."""

from typing import Any

from typing_extensions import TypedDict

Number = float | None  # null where a number is infinite, NaN or undefined
Label = str | int | float | bool  # of a class
Scores = dict[str, Number]  # by "loss" and the names of metrics
BySplit = dict[str, Scores]  # train, validation, test
Recipe = dict[str, Any]  # see nntrain schema
Array = list[Any]  # numbers, or lists of numbers, to any depth


class ChangedKey(TypedDict):
    """A recipe key with two values."""

    key: str
    before: Any
    after: Any
