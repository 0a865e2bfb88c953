"""``--read decimal=,``: how a command reads a table, as the keys of ``data.source`` do in a recipe."""

from collections.abc import Sequence

from nntrain.data.reading import MARKS, Reading
from nntrain.data.table import TableFile
from nntrain.errors import InputError, bad_input, nearest
from nntrain.recipe.document import Document, read_document
from nntrain.recipe.overrides import override
from nntrain.recipe.schema import parse

KEYS = tuple(Reading.model_fields)
TABLE = {"name": "table", "path": "-", "target": "-"}


def with_options(reading: Reading, read: Sequence[str], separator: str | None = None) -> Reading:
    """Return ``reading`` with the settings of ``--read KEY=VALUE`` and of ``--separator``.

    Raises:
        InputError: if a key or a value is unknown.
    """
    document = Document("--read", {"data": {"source": {**TABLE, **reading.model_dump()}}})
    if separator is not None:
        mark = {"\\t": "\t"}.get(separator, separator)
        if mark not in (*MARKS, *MARKS.values()):
            allowed = ", ".join([*MARKS, *map(repr, MARKS.values())])
            raise bad_input("--separator", f"unknown separator {separator!r}", f"allowed: {allowed}")
        document = override(document, "data.source.separator", mark, "--separator")
    for text in read:
        key, equals, value = text.partition("=")
        place = f"--read {text}"
        if not equals or key not in KEYS:
            what = "expected KEY=VALUE" if not equals else f"unknown key {key!r}"
            raise bad_input(place, what, f"{nearest(key, KEYS)} keys: {', '.join(KEYS)}".strip())
        document = override(document, f"data.source.{key}", _value(place, key, value), place)
    source = parse(document).data.source
    if not isinstance(source, TableFile):
        raise TypeError("the source is a table")
    return source.reading


def _value(place: str, key: str, value: str) -> object:
    """Return a value as in a recipe; a mark needs no quotes."""
    if key in ("separator", "decimal", "thousands") and len(value) == 1:
        return value
    given = read_document(place, value)
    if given.problems:
        raise InputError(*given.problems)
    return given.data
