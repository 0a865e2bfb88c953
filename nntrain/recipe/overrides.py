"""``--set optimizer.lr=0.01``: overrides of a recipe's keys, read by the same rules as the recipe."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from nntrain.errors import InputError, Problem, bad_input
from nntrain.recipe.document import Document, Keys, read_document


def apply_overrides(document: Document, settings: Sequence[str]) -> Document:
    """Return ``document`` with each of ``settings`` (``key=value``, keys dotted) put into it.

    A part that is given by its name alone, as in ``optimizer: sgd``, becomes ``{name: sgd}`` where a key of it is set.

    Raises:
        InputError: if one is not ``key=value``, or its value is not YAML.
    """
    for text in settings:
        place = f"--set {text}"
        key, equals, value = text.partition("=")
        if not equals or not all(key.strip().split(".")):
            raise bad_input(place, "expected key=value", "as in --set optimizer.lr=0.01")
        given = read_document(place, value) if value.strip() else Document(place, None)
        if given.problems:
            raise InputError(*given.problems)
        document = override(document, key.strip(), given.data, place)
    return document


def override(document: Document, key: str, value: Any, place: str) -> Document:
    """Return ``document`` with ``value`` at the dotted ``key``; ``place`` is where it comes from, for messages."""
    if document.data is not None and not isinstance(document.data, dict):
        return document
    data, places, names = deepcopy(document.data or {}), dict(document.places), tuple(key.split("."))
    _put(data, names, value, place)
    for length in range(1, len(names) + 1):
        places.setdefault(names[:length], place)
    _forget(places, names)
    places[names] = place
    return replace(document, data=data, places=places)


def _put(data: dict[str, Any], names: tuple[str, ...], value: Any, place: str) -> None:
    for depth, name in enumerate(names[:-1], start=1):
        inner = data.get(name)
        if inner is None:
            inner = {}
        elif isinstance(inner, str):
            inner = {"name": inner}
        elif not isinstance(inner, dict):
            raise InputError(Problem(place, f"{'.'.join(names[:depth])}: holds no keys that could be set"))
        data[name] = inner
        data = inner
    data[names[-1]] = value


def _forget(places: dict[Keys, str], names: Keys) -> None:
    """Forget the places of the overridden key and of what stood below it."""
    for keys in [keys for keys in places if keys[: len(names)] == names]:
        del places[keys]
