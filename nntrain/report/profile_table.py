"""The profile of a data table: a row for each column, and warnings below."""

from collections.abc import Sequence
from math import floor

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.data.profile import ColumnProfile, Profile
from nntrain.errors import counted
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import short

HEIGHTS = " ▁▂▃▄▅▆▇█"
MAX_NAME = 30  # characters of a name that are shown
MAX_CLASSES = 6  # classes that the first line names


def profile_table(profile: Profile, findings: Sequence[str], width: int) -> RenderableType:
    """Return a line for each column, and below them what looks wrong; ``width``: columns of the terminal."""
    columns = profile.columns
    parts = [
        Column("column", [_cut(column.name) for column in columns], right=False),
        Column("role", [column.role for column in columns], right=False),
        Column("type", [column.type for column in columns], right=False, drop=5),
        Column("missing", [f"{column.missing:,}" if column.missing else "" for column in columns]),
        Column("distinct", [f"{column.distinct:,}" for column in columns], drop=4),
        Column("range", [_range(column) for column in columns], right=False, drop=3),
        Column("histogram", [Text(_bars(column), "cyan") for column in columns], right=False, drop=2),
    ]
    if profile.target is not None:
        relations = ["" if column.relation is None else f"{column.relation:.1%}" for column in columns]
        parts.append(Column("explains", relations, drop=1))
    parts.append(Column("why", [column.reason for column in columns], right=False, folds=True, drop=6))
    head = Text(f"{counted(profile.rows, 'row')}, {counted(len(columns), 'column')}{_classes(profile)}\n")
    reasons = [f"{column.name!r} {column.reason}" for column in columns if column.role == "ignore"]
    lines = [Text(f"ignored: {reason}", "dim") for reason in reasons]
    lines += [Text(line, "yellow") for line in findings] or [Text("nothing stands out", "green")]
    return Group(head, fitted(parts, width), Text(), *lines)


def _classes(profile: Profile) -> str:
    if profile.classes is None:
        return ""
    shown = list(profile.classes.items())[:MAX_CLASSES]
    more = " ..." if len(profile.classes) > MAX_CLASSES else ""
    return f", {len(profile.classes)} classes: " + ", ".join(f"{label} {rows:,}" for label, rows in shown) + more


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def _range(column: ColumnProfile) -> str:
    if column.low is not None and column.high is not None and column.role == "date":
        return " – ".join(str(np.datetime64(floor(day), "D")) for day in (column.low, column.high))
    if column.low is not None and column.high is not None:
        return f"{short(column.low)} – {short(column.high)}"
    return _cut(", ".join(value for value, _ in column.top[:3]))


def _bars(column: ColumnProfile) -> str:
    most = max(column.histogram, default=0)
    return "".join(HEIGHTS[-(-count * (len(HEIGHTS) - 1) // most)] if most else " " for count in column.histogram)
