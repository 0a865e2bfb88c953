"""What ``inspect`` prints."""

from typing import Any, Literal

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Label, Number

ClassRows = TypedDict("ClassRows", {"class": Label, "rows": int})


class Column(TypedDict):
    """A column; top: its most frequent values with their rows; relation: the fraction of the target it explains."""

    name: str
    role: str
    reason: str
    type: str
    missing: int
    distinct: int
    low: Number
    high: Number
    top: list[tuple[str, int]]
    histogram: list[int]
    relation: Number
    problem: str | None


class Inspection(TypedDict):
    """A table; reading: keys of data.source that read it."""

    rows: int
    without_target: int
    separator: str | None
    reading: dict[str, Any]
    task: Literal["classification", "regression"] | None
    classes: list[ClassRows] | None
    columns: list[Column]
    findings: list[str]
