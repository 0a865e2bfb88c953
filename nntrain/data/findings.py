"""What looks wrong with a table, before anything is trained on it."""

from collections.abc import Iterator

import numpy as np

from nntrain.data.cells import UNIT
from nntrain.data.columns import Numbers
from nntrain.data.preprocessing import unit_of
from nntrain.data.profile import Profile
from nntrain.data.text_table import Table
from nntrain.errors import counted, listed

GIVEN_AWAY = 0.98  # a column that explains a larger fraction of the target is suspicious
RARE = 10  # a class with fewer rows is rare
IMBALANCE = 10  # ratio of the largest class to the smallest
SKEWED = 2.0  # skewness of a target
FAR = 10.0  # an outlier is more than this many interquartile ranges beyond the quartiles
MOSTLY_MISSING = 0.5


def findings(table: Table, profile: Profile) -> list[str]:
    """Return what looks wrong, one line each."""
    return [*_columns(table, profile), *_duplicates(table, profile), *_target(profile)]


def _columns(table: Table, profile: Profile) -> Iterator[str]:
    for column in profile.columns:
        name = f"column {column.name!r}"
        if column.problem is not None:
            yield column.problem.fact
        if column.role in ("target", "ignore"):
            continue
        if column.distinct == 1:
            yield f"{name} is constant"
        if column.missing > MOSTLY_MISSING * profile.rows:
            yield f"{name} has no value in {counted(column.missing, 'row')} of {profile.rows:,}"
        if column.relation is not None and column.relation > GIVEN_AWAY:
            yield f"{name} leaks the target: it explains {column.relation:.1%} of it; exclude it"
        if column.role == "categorical" and column.top:
            cells = [value for value, _ in column.top if not value.isdecimal()]
            if cells and (table.other_format(cells) is not None or all(map(UNIT.fullmatch, cells))):
                yield f"{name} looks like numbers written as text, such as {cells[0]!r}"
        if column.role == "numeric" and (far := _outliers(profile.raw[column.name].values)):
            yield f"{name} has {counted(far, 'outlier')} far from the other values"


def _outliers(values: Numbers) -> int:
    known = values[np.isfinite(values)]
    if known.size < 10:
        return 0
    low, high = np.percentile(known, [25, 75])
    reach = FAR * (high - low)
    return int(((known < low - reach) | (known > high + reach)).sum()) if reach > 0 else 0


def _duplicates(table: Table, profile: Profile) -> Iterator[str]:
    same: dict[bytes, list[str]] = {}
    for name, raw in profile.raw.items():
        same.setdefault(raw.values.tobytes() + repr(raw.levels).encode(), []).append(name)
    for names in same.values():
        if len(names) > 1:
            yield f"columns {listed(map(repr, names), 5)} are equal"
    repeated = table.height - table.columns.n_unique()
    if repeated:
        yield f"{counted(repeated, 'row')} of {table.height:,} {'repeats' if repeated == 1 else 'repeat'} another"


def _target(profile: Profile) -> Iterator[str]:
    if profile.without_target:
        yield f"{counted(profile.without_target, 'row')} without a target, to be left out"
    classes = profile.classes
    if profile.target is not None and not profile.rows:
        yield "no row has a target"
    elif classes is not None:
        rare = [repr(label) for label, rows in classes.items() if rows < RARE]
        if rare:
            yield f"classes with fewer than {RARE} rows: {listed(rare, 5)}"
        elif max(classes.values()) > IMBALANCE * min(classes.values()):
            label = max(classes, key=lambda label: classes[label])
            yield f"the classes are imbalanced: {label!r} has {classes[label] / profile.rows:.0%} of the rows"
    elif profile.target is not None and profile.target.classes is None:
        y = profile.target.y / unit_of(profile.target.y)
        spread = y.std(axis=0)
        centered = (y - y.mean(axis=0)) / np.where(spread > 0, spread, 1)
        if np.abs((centered**3).mean(axis=0)).max() > SKEWED:
            yield "the target is skewed: a few values are much larger than the others"
