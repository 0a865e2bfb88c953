"""The profile of a table: its columns, their roles and their relation with the target."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Label
from nntrain.data.cells import MISSING
from nntrain.data.columns import Numbers, Raw
from nntrain.data.preprocessing import unit_of
from nntrain.data.roles import Role
from nntrain.data.table import TableFile
from nntrain.data.target import Target, missing_targets, read_target
from nntrain.data.text_table import Table
from nntrain.errors import Problem, refuse

if TYPE_CHECKING:
    import polars as pl

MIN_REPEATS = 5  # rows beyond the number of categories: fewer seem to explain the target by chance
BINS = 12  # of a histogram
MAX_TOP = 5  # most frequent values that are kept


@dataclass(frozen=True)
class ColumnProfile:
    """A column.

    Attributes:
        name: in the table.
        role: of the column; ``target`` for a target.
        reason: why it has the role.
        type: of its values: integer, number, boolean, date or text; empty if there are none.
        missing: rows without a value.
        distinct: number of distinct values.
        low: smallest number, or None for text; of dates, days since 1970-01-01.
        high: largest number, or None.
        top: the most frequent values of a text column, with their number of rows.
        histogram: rows in each of equal intervals from low to high, or of the most frequent values.
        relation: fraction of the target's variance that the column alone explains, from 0 to 1; None: no target.
        problem: what is wrong with its cells, if anything.
    """

    name: str
    role: str
    reason: str
    type: str
    missing: int
    distinct: int
    low: float | None
    high: float | None
    top: tuple[tuple[str, int], ...]
    histogram: tuple[int, ...]
    relation: float | None = None
    problem: Problem | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the profile as plain data."""
        return {**asdict(self), "problem": None if self.problem is None else str(self.problem)}


@dataclass(frozen=True)
class Profile:
    """A table.

    Attributes:
        source: the name of its file.
        rows: with a target, if one is named.
        without_target: rows that lack it.
        columns: in the order of the table.
        target: how the target is read, or None.
        raw: the raw numbers of each column that is used.
    """

    source: str
    rows: int
    without_target: int
    columns: tuple[ColumnProfile, ...]
    target: Target | None
    raw: dict[str, Raw]

    @property
    def classes(self) -> dict[Label, int] | None:
        """The number of rows of each class, or None if there is no single target of classes."""
        if self.target is None or self.target.classes is None or self.target.y.ndim > 1:
            return None
        counts = np.bincount(self.target.y, minlength=len(self.target.classes))
        return dict(zip(self.target.classes, counts.tolist(), strict=True))


def profile(table: Table, source: TableFile, targets: list[str]) -> Profile:
    """Return the profile of a table.

    Args:
        table: its cells, with the tokens of ``source``.
        source: roles and target as a recipe gives them.
        targets: the columns to predict; [] for none.

    Raises:
        InputError: if a target is not a column, or cannot be read.
    """
    refuse(table.missing_columns(targets))
    missing = missing_targets(table, targets, source.task) if targets else np.zeros(table.height, bool)
    labeled = table.where(~missing) if missing.any() else table
    target = read_target(labeled, targets, source.task) if targets else None
    refuse(target.problems if target is not None else ())
    columns, raws = [], {}
    roles = source.roles(labeled, [name for name in table.names if name not in targets])
    for name in table.names:
        if name in targets:
            numbers = None if target is None or target.classes is not None else target.y[:, targets.index(name)]
            columns.append(_column(labeled, name, None, Raw(numbers) if numbers is not None else None, None))
            continue
        raw = roles[name].column.read(labeled, name) if roles[name].column.used else None
        if raw is not None:
            raws[name] = raw
        columns.append(_column(labeled, name, roles[name], raw, target))
    return Profile(table.source, labeled.height, int(missing.sum()), tuple(columns), target, raws)


def _column(table: Table, name: str, role: Role | None, raw: Raw | None, target: Target | None) -> ColumnProfile:
    cells = table.cells(name)
    if raw is not None and not raw.levels:
        cells = cells.filter(~cells.is_in(list(MISSING)))
    present = cells.drop_nulls()
    counts = present.value_counts(sort=True).head(BINS).rows() if len(present) else []
    numbers = np.empty(0) if raw is None or _is_text(role) else raw.values[np.isfinite(raw.values)]
    bins = histogram(numbers) if numbers.size else [count for _, count in counts]
    return ColumnProfile(
        name,
        "target" if role is None else role.column.name,
        "" if role is None else role.reason,
        _type(table, role, present),
        table.height - len(present),
        present.n_unique(),
        float(numbers.min()) if numbers.size else None,
        float(numbers.max()) if numbers.size else None,
        tuple((value, count) for value, count in counts[:MAX_TOP]),
        tuple(bins),
        None if raw is None or target is None else explained(raw.values, _is_text(role), target),
        raw.problems[0] if raw is not None and raw.problems else None,
    )


def _type(table: Table, role: Role | None, cells: "pl.Series") -> str:
    """Return the type of the values in a column, given those that are not missing."""
    kind = "" if role is None else role.column.name
    if kind in ("boolean", "date") or not len(cells):
        return kind if len(cells) else ""
    if table.numbers(cells).null_count():
        return "text"
    return "integer" if cells.str.contains(r"^[-+]?[0-9]+(\.0*)?$").all() else "number"


def histogram(values: Numbers) -> list[int]:
    """Return how many of the finite ``values`` (N,), at least one, lie in each of equal intervals."""
    low, high = values.min(), values.max()
    half = high / 2 - low / 2  # the whole range may overflow
    if half < np.finfo(np.float64).tiny:
        return [len(values) if place == BINS // 2 else 0 for place in range(BINS)]
    places = np.minimum((values / 2 - low / 2) / half * BINS, BINS - 1).astype(np.int64)
    return np.bincount(places, minlength=BINS).tolist()  # type: ignore[no-any-return]


def _is_text(role: Role | None) -> bool:
    return role is not None and role.column.name == "categorical"


def explained(values: Numbers, categories: bool, target: Target) -> float:
    """Return which fraction of the target's variance a column explains, from 0 to 1; the largest of several targets.

    Numbers explain it by a straight line, categories by a mean for each category, adjusted for the number of
    categories; categories that hardly repeat say nothing. Each class counts as a target of 0 and 1.
    """
    known = np.isfinite(values)
    x = values[known]
    y = target.y if target.y.ndim > 1 else np.eye(len(target.classes or ()))[target.y]
    y = y.astype(np.float64)
    y = y[known]
    if len(x):
        x, y = x / unit_of(x[:, None]), y / unit_of(y)  # squares of the largest numbers would overflow
    if len(x) < 3:
        return 0.0
    total = np.square(y - y.mean(axis=0)).sum(axis=0)
    if categories:
        found, index = np.unique(x, return_inverse=True)
        spare = len(x) - len(found)
        if spare < MIN_REPEATS:
            return 0.0
        left = np.minimum(total, _within(index, len(found), y) * (len(x) - 1) / spare)
    else:
        centered = x - x.mean()
        spread = float(centered @ centered)
        slope = centered @ y / (spread or 1.0)
        left = total - slope**2 * spread
    with np.errstate(invalid="ignore", divide="ignore"):
        fractions = np.where(total > 0, 1 - left / total, 0.0)
    return float(np.clip(np.nanmax(fractions), 0.0, 1.0))


def _within(index: NDArray[Any], count: int, y: Numbers) -> Numbers:
    """Return the sum of squares of ``y`` (N, T) around the mean of each of ``count`` groups."""
    rows = np.bincount(index, minlength=count)
    sums = np.stack([np.bincount(index, column, count) for column in y.T], axis=1)
    return np.asarray(np.square(y).sum(axis=0) - (np.square(sums) / rows[:, None]).sum(axis=0))
