"""YAML as editors read it: scalars by YAML 1.2's core rules, every key with its line and column.

PyYAML alone follows YAML 1.1, where ``1e-3`` is text, ``no`` is false and a key given twice is silently the last one.
Tags are refused, so that nothing but plain data can come out.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nntrain.errors import InputError, Problem, bad_input
from nntrain.utils.files import read_text

Keys = tuple[str | int, ...]
WIDTH, ENDLESS = 120, 1 << 30  # characters of a line that is written
MOST_NODES = 10_000  # a few aliases of aliases can stand for billions
CORE = "tag:yaml.org,2002:"
KEY = re.compile(r"(data|model|training)(\.[a-z_]+)+")
RULES = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


@dataclass(frozen=True)
class Document:
    """Plain data, and where in its source each key stands.

    Attributes:
        source: the name of the file.
        data: what it holds.
        places: ``file:line:column`` of the key, or the item, that ``Keys`` lead to.
        problems: what is wrong so far.
    """

    source: str
    data: Any
    places: Mapping[Keys, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def where(self, *keys: str | int) -> str:
        """Return the place of ``keys``, or of the nearest above them that the document has."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.places:
                return self.places[keys[:length]]
        return self.source

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Add the places of keys to problems from code that does not know the document, and names the keys alone."""
        try:
            yield
        except InputError as error:
            placed = [
                replace(one, where=self.where(*one.where.split(".")), what=f"{one.where}: {one.what}")
                if KEY.fullmatch(one.where)
                else one
                for one in error.problems
            ]
            raise InputError(*placed) from None


def load_document(path: str) -> Document:
    """Read the YAML file at ``path`` (``-``: standard input).

    Raises:
        InputError: if it cannot be read, or is not YAML.
    """
    return read_document(*read_text(path, "a recipe (YAML)"))


def read_document(source: str, text: str) -> Document:
    """Read ``text`` as YAML; ``source`` names it in messages.

    Raises:
        InputError: if it is not YAML.
    """
    reader = _Reader(source)
    try:
        node = _Loader(text).get_single_node()
        data = reader.value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        raise bad_input(place, f"not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise bad_input(f"{source}:{line}", f"not YAML: {error.reason}") from None
    except RecursionError:
        raise bad_input(source, "nested too deeply for a recipe") from None
    return Document(source, data, reader.places, tuple(reader.problems))


def dump_document(data: Any, width: int | None = None) -> str:
    """Return plain data as YAML that :func:`read_document` reads back to the same data.

    ``width``: characters that no line exceeds if it can be broken after a comma; None: about WIDTH.
    """
    text = _dumped(data, WIDTH)
    if width is None:
        return text
    lines = _dumped(data, ENDLESS).splitlines()
    broken = "".join(f"{part}\n" for line in lines for part in _broken(line, width))
    return broken if read_document("", broken).data == read_document("", text).data else text


def _dumped(data: Any, width: int) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=width
    )
    return text


def _broken(line: str, width: int) -> list[str]:
    """Return a line of YAML broken after commas, which changes nothing except in keys that have commas in them."""
    first, *rest = line.split(", ")
    parts, indent = [first], " " * (len(line) - len(line.lstrip()) + 2)
    for piece in rest:
        if len(f"{parts[-1]}, {piece},") > width:
            parts[-1] += ","
            parts.append(indent + piece)
        else:
            parts[-1] += f", {piece}"
    return parts


class _Loader(yaml.SafeLoader):
    """Composes nodes; scalars get the tags of YAML 1.2's core."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise yaml.MarkedYAMLError(problem=f"tags such as {tag} are not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Writes floats so that YAML 1.2 reads floats, and quotes what it would not read as text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _float(dumper: yaml.SafeDumper, value: float) -> ScalarNode:
    return dumper.represent_scalar(
        f"{CORE}float", repr(value) if isfinite(value) else repr(value).replace("inf", ".inf")
    )


_Dumper.add_representer(float, _float)
for _name, (_pattern, _first) in RULES.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            CORE + _name, re.compile(f"(?:{_pattern})$"), [*_first, *([""] * (_name == "null"))]
        )


class _Reader:
    """Turns nodes into data, and notes where each key stands and what is wrong."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[Keys, str] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def place(self, node: Node) -> str:
        return f"{self.source}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def value(self, node: Node, keys: Keys) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise InputError(Problem(self.source, f"has more than {MOST_NODES} values: too large for a recipe"))
        if isinstance(node, MappingNode):
            return self.mapping(node, keys)
        if isinstance(node, SequenceNode):
            return [self.item(child, (*keys, index)) for index, child in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        raise TypeError(f"not a node of YAML: {node}")

    def item(self, node: Node, keys: Keys) -> Any:
        self.places[keys] = self.place(node)
        return self.value(node, keys)

    def mapping(self, node: MappingNode, keys: Keys) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(self.place(key_node), "a key that is no name"))
                continue
            key = self.text(key_node)
            here = (*keys, key)
            if key in data:
                dotted = ".".join(map(str, here))
                first = self.places[here].removeprefix(f"{self.source}:").partition(":")[0]
                self.problems.append(Problem(self.place(key_node), f"{dotted}: given twice, first in line {first}"))
                continue
            self.places[here] = self.place(key_node)
            data[key] = self.value(value_node, here)
        return data

    def text(self, node: ScalarNode) -> str:
        try:
            node.value.encode()
        except UnicodeEncodeError:  # an escape may stand for half a character
            raise yaml.MarkedYAMLError(problem="half a character", problem_mark=node.start_mark) from None
        return str(node.value)

    def scalar(self, node: ScalarNode) -> Any:
        kind, text = node.tag.removeprefix(CORE), self.text(node)
        try:
            if kind == "int":
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            if kind == "float":
                return float(text.replace(".", "") if text.lower().endswith(("inf", "nan")) else text)
        except ValueError:  # an integer of thousands of digits
            raise yaml.MarkedYAMLError(problem="a number of too many digits", problem_mark=node.start_mark) from None
        if kind == "bool":
            return text.lower() == "true"
        return None if kind == "null" else text
