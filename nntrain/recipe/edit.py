"""Set keys in the text of a recipe, keeping its comments and layout."""

from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from nntrain.errors import InputError
from nntrain.recipe.document import Document, dump_document, read_document
from nntrain.recipe.overrides import override


def edited(text: str, settings: Mapping[str, Any]) -> str:
    """Return a recipe's text with keys (dotted) set to values.

    Only the lines of these keys change. Where the layout allows no such edit, the whole text is written anew, without
    comments.
    """
    document = read_document("recipe", text)
    for key, value in settings.items():
        before = document
        document = override(before, key, value, key)
        found = _set(text, key.split("."), value)
        text = found if _reads_as(found, document) else dump_document(document.data)
    return text


def _reads_as(text: str, document: Document) -> bool:
    try:
        return bool(read_document("recipe", text).data == document.data)
    except InputError:
        return False


def _set(text: str, keys: list[str], value: Any) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    node: Node | None = root
    for depth, key in enumerate(keys):
        if isinstance(node, ScalarNode):  # a component by its name alone
            inner = dump_flow({"name": node.value, **_nested(keys[depth:], value)})
            return _replaced(text, node, inner)
        if not isinstance(node, MappingNode):
            return text
        child = next((inner for name, inner in node.value if getattr(name, "value", None) == key), None)
        if child is None:
            return _inserted(text, node, key, dump_flow(_nested(keys[depth:], value)[key]))
        node = child
    return text if node is None else _replaced(text, node, dump_flow(value))


def _nested(keys: list[str], value: Any) -> dict[str, Any]:
    """Return ``{a: {b: value}}`` for the keys a and b."""
    first, *rest = keys
    return {first: _nested(rest, value) if rest else value}


def dump_flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {dump_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump_flow, value)) + "]"
    text = dump_document([value], 1 << 20).strip()
    return text[1:-1] if text.startswith("[") else text.removeprefix("- ")


def _replaced(text: str, node: Node, new: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    old = text[start:end]
    kept = old[len(old.rstrip()) :]  # a block ends at the next key, behind blank lines
    if isinstance(node, ScalarNode) and start == end:
        new = f" {new}" if start and text[start - 1] == ":" else new
    elif not getattr(node, "flow_style", True):
        kept = "\n" if "\n" in kept or not kept else kept
        line = text.rfind("\n", 0, start) + 1
        if not text[line:start].strip():  # a block below its key
            start = len(text[:line].rstrip())
            new = f" {new}"
    return text[:start] + new + kept + text[end:]


def _inserted(text: str, node: MappingNode, key: str, new: str) -> str:
    if node.flow_style:
        at = node.end_mark.index - 1
        comma = ", " if node.value else ""
        return f"{text[:at].rstrip()}{comma}{key}: {new}{text[at:]}"
    last = node.value[-1][1]
    at = text.find("\n", max(last.end_mark.index - 1, last.start_mark.index))
    if isinstance(last, MappingNode) and not last.flow_style:  # its end mark is at the next key
        at = len(text[: last.end_mark.index].rstrip())
    at = len(text) if at < 0 else at
    head = text[:at]
    return f"{head}\n{' ' * node.start_mark.column}{key}: {new}{text[at:] or chr(10)}"
