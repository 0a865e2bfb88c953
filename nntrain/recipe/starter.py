"""A first recipe for a user's table, with comments: what ``nntrain init`` writes."""

from collections.abc import Iterator, Sequence
from math import ceil

from nntrain.data.profile import ColumnProfile, Profile
from nntrain.errors import counted
from nntrain.recipe.document import dump_document

FRACTION = 0.15  # of the rows, for validation and for the test split
WIDTHS = ((300, [16]), (2_000, [32]), (20_000, [64, 32]))  # (maximum number of rows, hidden layers)
WIDEST = [128, 64]
ONE_LINE = 1 << 20  # characters
MAX_LISTED = 8  # columns that a comment names


def starter(
    profile: Profile, path: str, targets: Sequence[str], separator: str, missing: Sequence[str], roles: dict[str, str]
) -> str:
    """Return a recipe in YAML for a table.

    Args:
        profile: of the table, with the target.
        path: of the file.
        targets: columns to predict.
        separator: cell separator.
        missing: cells that mark missing values.
        roles: roles that differ from the detected ones, by column.
    """
    lines = [f"# {counted(profile.rows, 'row')} with a target. Written by nntrain init; see nntrain inspect {path}"]
    lines += ["data:", "  source:", "    name: table", f"    {_key('path', path)}"]
    lines += [f"    {_key('target', targets[0] if len(targets) == 1 else list(targets))}", f"    {_task(profile)}"]
    if separator != ",":
        lines.append(f"    {_key('separator', separator)}")
    if missing:
        lines.append(f"    {_key('missing', list(missing))}  # cells that mark missing values, besides blank ones")
    lines += [f"    {line}" for line in _roles(profile, roles)]
    lines += [f"  validation: {FRACTION}  # decides when to stop", f"  test: {FRACTION}  # for the final score"]
    if not _can_stratify(profile):
        lines.append("  stratify: false  # some classes have too few rows for each split")
    lines += ["model:", f"  hidden: {_hidden(profile.rows)}  # units of each hidden layer", "  activation: relu"]
    lines += ["optimizer: {name: adam, lr: 0.001}"]
    lines += ["regularization:", f"  l2: {_penalty(profile.rows)}  # larger if the validation loss rises early"]
    lines += ["training:", "  epochs: 300  # at most", "  early_stopping: {patience: 20}  # keeps the best weights"]
    return "".join(f"{line}\n" for line in lines)


def _key(key: str, value: object) -> str:
    """Return ``key: value`` as one line of YAML."""
    if isinstance(value, str):
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


def _hidden(rows: int) -> list[int]:
    return next((widths for most, widths in WIDTHS if rows < most), WIDEST)


def _penalty(rows: int) -> float:
    """Return a weight penalty that shrinks with the number of rows."""
    return 0.01 if rows < 300 else 0.003 if rows < 2_000 else 0.0003


def _can_stratify(profile: Profile) -> bool:
    classes = profile.classes
    if classes is None:
        return True
    held_out = ceil(FRACTION * profile.rows)
    return min(classes.values()) >= 3 and min(held_out, profile.rows - 2 * held_out) >= len(classes)
