"""The differences between recipes, in as few keys as possible."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MISSING: Any = object()  # the value of a key that a recipe's component does not have


def differing(recipes: Sequence[Mapping[str, Any]], ignored: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return, for each recipe, the keys whose values differ, and its values.

    Keys that only one component has, such as ``beta1`` of ``adam`` beside ``sgd``, follow from its name: they are left
    out.

    Args:
        recipes: complete, as plain data.
        ignored: top-level keys to ignore.
    """
    found: list[dict[str, str]] = [{} for _ in recipes]
    top = [{key: value for key, value in recipe.items() if key not in ignored} for recipe in recipes]
    for key, values in _differing(top, ""):
        for one, value in zip(found, values, strict=True):
            if value is not MISSING:
                one[key.removesuffix(".name")] = text(value)
    last = [key.rpartition(".")[2] for key in dict.fromkeys(key for one in found for key in one)]
    clear = {name for name in last if last.count(name) == 1}
    return [{_short(key, clear): value for key, value in one.items()} for one in found]


def _short(key: str, clear: set[str]) -> str:
    return name if (name := key.rpartition(".")[2]) in clear else key


def _differing(values: Sequence[Any], key: str) -> list[tuple[str, Sequence[Any]]]:
    present = [value for value in values if value is not MISSING]
    if all(value == present[0] for value in present):
        return []
    if not all(isinstance(value, dict) for value in present):
        return [(key, values)]
    found = []
    for inner in dict.fromkeys(name for value in present for name in value):
        deeper = [MISSING if value is MISSING else value.get(inner, MISSING) for value in values]
        found += _differing(deeper, f"{key}.{inner}" if key else inner)
    return found


def text(value: Any) -> str:
    """Format a value compactly, as YAML; a component with its keys."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
