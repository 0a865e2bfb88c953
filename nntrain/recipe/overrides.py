"""``--set optimizer.lr=0.01``: overrides of a recipe's keys. Values are YAML, as in the recipe."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from nntrain.errors import InputError, Place, bad_input
from nntrain.recipe.document import Document, Keys, read_document


def apply_overrides(document: Document, settings: Sequence[str]) -> Document:
    """Return ``document`` with ``settings`` (``key=value``, keys dotted) applied in order.

    A component given by name, as in ``optimizer: sgd``, becomes ``{name: sgd}`` when one of its keys is set.

    Raises:
        InputError: if a setting is not ``key=value``, or its value is not valid YAML.
    """
    for text in settings:
        source = f"--set {text}"
        key, equals, value = text.partition("=")
        if not equals or not all(key.strip().split(".")):
            raise bad_input(source, "expected key=value", "as in --set optimizer.lr=0.01")
        given = read_document(source, value) if value.strip() else Document(source, None)
        if given.problems:
            raise InputError(*given.problems)
        document = override(document, key.strip(), given.data, source)
    return document


def override(document: Document, key: str, value: Any, source: str) -> Document:
    """Return ``document`` with ``value`` at the dotted ``key``; ``source`` names the option in messages."""
    if document.data is not None and not isinstance(document.data, dict):
        return document
    data, places, names = deepcopy(document.data or {}), dict(document.places), tuple(key.split("."))
    place = Place(source)
    _put(data, names, value, place)
    for length in range(1, len(names) + 1):
        places.setdefault(names[:length], place)
    _remove(places, names)
    places[names] = place
    return replace(document, data=data, places=places)


def _put(data: dict[str, Any], names: tuple[str, ...], value: Any, place: Place) -> None:
    for depth, name in enumerate(names[:-1], start=1):
        inner = data.get(name)
        if inner is None:
            inner = {}
        elif isinstance(inner, str):
            inner = {"name": inner}
        elif not isinstance(inner, dict):
            raise bad_input(replace(place, key=".".join(names[:depth])), "is not a mapping, so it has no keys to set")
        data[name] = inner
        data = inner
    data[names[-1]] = value


def _remove(places: dict[Keys, Place], names: Keys) -> None:
    """Remove the places of the overridden key and its descendants."""
    for keys in [keys for keys in places if keys[: len(names)] == names]:
        del places[keys]
