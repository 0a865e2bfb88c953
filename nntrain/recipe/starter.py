"""A first recipe for a user's table, with comments: what ``nntrain init`` writes."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from nntrain.data.profile import ColumnProfile, Profile
from nntrain.errors import counted
from nntrain.recipe.document import dump_document

VALIDATION, TEST = 0.1, 0.15  # fractions of the rows
SIZES = (  # (maximum number of rows, hidden layers, dropout, lr, l2), as benchmarks/tables found on real tables
    (500, [64], 0.2, 0.003, 0.03),  # an epoch has few steps
    (2_000, [64], 0.2, 0.001, 0.01),
    (20_000, [64], 0.1, 0.001, 0.001),
    (10**12, [128, 64], 0.0, 0.001, 0.0003),
)
ONE_LINE = 1 << 20  # characters
MAX_LISTED = 8  # columns that a comment names


def starter(
    profile: Profile,
    path: str,
    targets: Sequence[str],
    reading: Mapping[str, object],
    missing: Sequence[str],
    roles: dict[str, str],
    exclude: Sequence[str] = (),
) -> str:
    """Return a recipe in YAML for a table.

    Args:
        profile: of the table, with the target.
        path: of the file.
        targets: columns to predict.
        reading: keys that say how the file is read, where they differ from the defaults.
        missing: cells that mark missing values.
        roles: roles that differ from the detected ones, by column.
        exclude: columns not to use.
    """
    lines = [f"# {counted(profile.rows, 'row')} with a target. Written by nntrain init; see nntrain inspect {path}"]
    lines += ["data:", "  source:", "    name: table", f"    {_key('path', path)}"]
    lines += [f"    {_key('target', targets[0] if len(targets) == 1 else list(targets))}", f"    {_task(profile)}"]
    lines += [f"    {_key(key, value)}" for key, value in reading.items()]
    if missing:
        lines.append(f"    {_key('missing', list(missing))}  # cells that mark missing values, besides blank ones")
    if exclude:
        lines.append(f"    {_key('exclude', list(exclude))}")
    lines += [f"    {line}" for line in _roles(profile, roles)]
    lines += [f"  validation: {VALIDATION}  # decides when to stop", f"  test: {TEST}  # for the final score"]
    if not _can_stratify(profile):
        lines.append("  stratify: false  # some classes have too few rows for each split")
    return "".join(f"{line}\n" for line in [*lines, *_training(profile.rows)])


def _training(rows: int) -> Iterator[str]:
    """Yield the sections that depend on the number of rows only."""
    hidden, dropout, lr, l2 = next(setting for most, *setting in SIZES if rows < most)
    yield "model:"
    yield f"  hidden: {hidden}  # units of each hidden layer; more for more rows"
    if dropout:
        yield f"  dropout: {dropout}  # against overfitting; less for more rows"
    yield f"optimizer: {{name: adam, lr: {lr}}}"
    yield "regularization:"
    yield f"  l2: {l2}  # larger if the validation loss rises early"
    yield "training:"
    yield "  epochs: 500  # at most"
    yield "  early_stopping: {patience: 40}  # epochs without improvement; keeps the best weights"


def _key(key: str, value: object) -> str:
    """Return ``key: value`` as one line of YAML."""
    if not isinstance(value, list | dict):
        return f"{key}: {dump_document([value], width=ONE_LINE).strip()[1:-1]}"
    return f"{key}: {dump_document(value, width=ONE_LINE).strip()}"


def _task(profile: Profile) -> str:
    classes = profile.classes
    if classes is None and profile.target is not None and profile.target.classes is not None:
        return "task: classification  # several labels"
    if classes is None:
        return "task: regression  # classification: each distinct value is a class"
    return f"task: classification  # {len(classes)} classes"


def _roles(profile: Profile, roles: dict[str, str]) -> Iterator[str]:
    """Yield comments on the detected roles, and the key for those that differ."""
    by_role: dict[str, list[ColumnProfile]] = {}
    for column in profile.columns:
        if column.role != "target" and column.name not in roles:
            by_role.setdefault(column.role, []).append(column)
    yield "# detected roles; to change them, set columns, as in columns: {zip: categorical, id: ignore}"
    for role, columns in by_role.items():
        names = [_inline(column.name) for column in columns[:MAX_LISTED]]
        more = f" and {len(columns) - MAX_LISTED} more" if len(columns) > MAX_LISTED else ""
        yield f"#   {role}: {', '.join(names)}{more}"
    if roles:
        yield _key("columns", roles)


def _inline(name: str) -> str:
    return " ".join(name.split())


def _can_stratify(profile: Profile) -> bool:
    classes = profile.classes
    if classes is None:
        return True
    sizes = [ceil(fraction * profile.rows) for fraction in (VALIDATION, TEST)]
    return min(classes.values()) >= 3 and min(*sizes, profile.rows - sum(sizes)) >= len(classes)
