"""YAML documents: scalars by YAML 1.2's core schema, and the line and column of every key.

PyYAML follows YAML 1.1, where ``1e-3`` is text, ``no`` is false and the last of two equal keys silently wins. Editors
follow YAML 1.2. Tags are rejected, so the result is always plain data.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nntrain.errors import InputError, Place, Problem, bad_input
from nntrain.utils.files import read_text

Keys = tuple[str | int, ...]
LINE_WIDTH, UNLIMITED_WIDTH = 120, 1 << 30  # characters of a line that is written
MAX_NODES = 10_000  # a few aliases of aliases can expand to billions
TAG_PREFIX = "tag:yaml.org,2002:"
SCALARS = {
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
    """Plain data, and the place of each key in its source.

    Attributes:
        source: the name of the file.
        data: its content.
        places: the line and column of each key or list item.
        problems: what is wrong so far.
    """

    source: str
    data: Any
    places: Mapping[Keys, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, *keys: str | int) -> Place:
        """Return the place of ``keys``; its line is that of the closest ancestor that the document contains."""
        dotted = ".".join(map(str, keys))
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.places:
                return replace(self.places[keys[:length]], key=dotted)
        return Place(self.source, key=dotted)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Add file and line to errors from code that knows only the key."""
        try:
            yield
        except InputError as error:
            raise InputError(*map(self._placed, error.problems)) from None

    def _placed(self, problem: Problem) -> Problem:
        if problem.place.source or not problem.place.key:
            return problem
        return replace(problem, place=self.place(*problem.place.key.split(".")))


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
        place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source)
        raise bad_input(place, f"not valid YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise bad_input(Place(source, line), f"not valid YAML: {error.reason}") from None
    except RecursionError:
        raise bad_input(source, "nested too deeply") from None
    return Document(source, data, reader.places, tuple(reader.problems))


def dump_document(data: Any, width: int | None = None) -> str:
    """Return plain data as YAML that :func:`read_document` reads back to the same data.

    ``width``: maximum line length where a line can be broken after a comma; None: about LINE_WIDTH.
    """
    text = _dumped(data, LINE_WIDTH)
    if width is None:
        return text
    lines = _dumped(data, UNLIMITED_WIDTH).splitlines()
    broken = "".join(f"{part}\n" for line in lines for part in _broken(line, width))
    return broken if read_document("", broken).data == read_document("", text).data else text


def _dumped(data: Any, width: int) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=width
    )
    return text


def _broken(line: str, width: int) -> list[str]:
    """Break a line of YAML after commas. This keeps its meaning unless a key contains a comma."""
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
    """Composes nodes; scalars get the tags of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's interface

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise yaml.MarkedYAMLError(problem=f"tags such as {tag} are not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Writes floats and text so that YAML 1.2 reads them back as such."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _float(dumper: yaml.SafeDumper, value: float) -> ScalarNode:
    return dumper.represent_scalar(
        f"{TAG_PREFIX}float", repr(value) if isfinite(value) else repr(value).replace("inf", ".inf")
    )


_Dumper.add_representer(float, _float)
for _name, (_pattern, _first) in SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            TAG_PREFIX + _name, re.compile(f"(?:{_pattern})$"), [*_first, *([""] * (_name == "null"))]
        )


class _Reader:
    """Converts nodes to data, recording the place of each key and what is wrong."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[Keys, Place] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def place(self, node: Node) -> Place:
        return Place(self.source, node.start_mark.line + 1, node.start_mark.column + 1)

    def value(self, node: Node, keys: Keys) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise bad_input(self.source, f"has more than {MAX_NODES} values: too large for a recipe")
        if isinstance(node, MappingNode):
            return self.mapping(node, keys)
        if isinstance(node, SequenceNode):
            return [self.item(child, (*keys, index)) for index, child in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        raise TypeError(f"unknown YAML node: {node}")

    def item(self, node: Node, keys: Keys) -> Any:
        self.places[keys] = self.place(node)
        return self.value(node, keys)

    def mapping(self, node: MappingNode, keys: Keys) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(self.place(key_node), "a key must be a name"))
                continue
            key = self.text(key_node)
            here = (*keys, key)
            if key in data:
                place = replace(self.place(key_node), key=".".join(map(str, here)))
                self.problems.append(Problem(place, f"duplicate key, first in line {self.places[here].line}"))
                continue
            self.places[here] = self.place(key_node)
            data[key] = self.value(value_node, here)
        return data

    def text(self, node: ScalarNode) -> str:
        try:
            node.value.encode()
        except UnicodeEncodeError:
            raise yaml.MarkedYAMLError(problem="an unpaired surrogate", problem_mark=node.start_mark) from None
        return str(node.value)

    def scalar(self, node: ScalarNode) -> Any:
        kind, text = node.tag.removeprefix(TAG_PREFIX), self.text(node)
        try:
            if kind == "int":
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            if kind == "float":
                return float(text.replace(".", "") if text.lower().endswith(("inf", "nan")) else text)
        except ValueError:  # an integer of thousands of digits
            raise yaml.MarkedYAMLError(problem="a number with too many digits", problem_mark=node.start_mark) from None
        if kind == "bool":
            return text.lower() == "true"
        return None if kind == "null" else text
