"""What a user is told about the columns of a table, and how missing tokens are written."""

from nntrain.data.cells import MISSING
from nntrain.data.roles import Role
from nntrain.data.text_table import Table
from nntrain.errors import listed


def spellings(token: str | float) -> tuple[str, ...]:
    """Return how a missing token may be written: -999 and -999.0 are the same."""
    if isinstance(token, str):
        return (token,)
    return (str(token), *([str(float(token))] if isinstance(token, int) else []), *([f"{token:g}"]))


def why_ignored(ignored: dict[str, Role]) -> str:
    """Return a note on columns that are not used."""
    reasons = [f"{name!r} {role.reason}" for name, role in ignored.items()]
    first = next(iter(ignored), "")
    return f"ignored: {listed(reasons, 5)}; to use one, set data.source.columns, as in {{{first}: categorical}}"


def marker_notes(table: Table, roles: dict[str, Role]) -> list[str]:
    """Return a note on well-known markers of missing values in columns of numbers."""
    found: dict[str, list[str]] = {}
    for name, role in roles.items():
        if role.column.name == "numeric":
            cells = table.cells(name)
            for marker in cells.filter(cells.is_in(list(MISSING))).unique().sort().to_list():
                found.setdefault(marker, []).append(name)
    return [
        f"{marker!r} is read as missing in columns of numbers: {listed(names, 5)}" for marker, names in found.items()
    ]
