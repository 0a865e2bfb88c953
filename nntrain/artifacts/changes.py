"""How two recipes differ, key by key."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nntrain.recipe.files import without_folder
from nntrain.recipe.schema import Recipe, to_data

MISSING = "(none)"
FREE = ("name", "training.checkpoint")  # keys that do not change the result of a run


class Change(NamedTuple):
    """A key whose value differs."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.key}: {_text(self.before)} -> {_text(self.after)}"


def plain(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as JSON has it, without the directory of its data, which may be moved."""
    data: dict[str, Any] = json.loads(json.dumps(to_data(without_folder(recipe))))
    return data


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the keys of two recipes (as of :func:`plain`) that differ in a way that may change the result."""
    return [change for change in _changes(before, after, "") if not _free(change.key)]


def _free(key: str) -> bool:
    return any(key == free or key.startswith(f"{free}.") for free in FREE)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str) -> Iterator[Change]:
    for name in {**before, **after}:
        old, new, key = before.get(name, MISSING), after.get(name, MISSING), f"{prefix}{name}"
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{key}.")
        elif old != new:
            yield Change(key, old, new)


def _text(value: Any) -> str:
    return value if value is MISSING else json.dumps(value, ensure_ascii=False)
