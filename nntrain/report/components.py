"""Components with their keys, defaults and formulas."""

import inspect
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticUndefined
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nntrain.registry import Component
from nntrain.report.fitting import GAP
from nntrain.report.tables import plain_value

MIN_FORMULA_WIDTH = 60  # columns; on a narrower terminal, formulas are printed below the keys


def component_facts(component: type[Component]) -> dict[str, Any]:
    """Return a component's name, summary, formula, source and keys with their defaults, as plain data."""
    paragraphs = inspect.getdoc(component) or ""
    about, _, rest = paragraphs.partition("\n\n")
    formula, source = "", ""
    for paragraph in rest.split("\n\n"):
        if paragraph.startswith("Formula:"):
            formula = inspect.cleandoc(paragraph.removeprefix("Formula:"))
        if paragraph.startswith("Source:"):
            source = " ".join(paragraph.removeprefix("Source:").split())
    keys = {
        name: {
            "default": None if field.default is PydanticUndefined else field.default,
            "required": field.is_required(),
            "about": field.description or "",
        }
        for name, field in component.model_fields.items()
        if name != "name"
    }
    name = component.model_fields["name"].default
    return {"name": name, "about": " ".join(about.split()), "formula": formula, "source": source, "keys": keys}


def components_text(components: Mapping[str, type[Component]], width: int) -> RenderableType:
    """Return components as a table for ``width`` columns."""
    found = [component_facts(component) for component in components.values()]
    keys = [[f"{key}: {_default(about)}" for key, about in facts["keys"].items()] for facts in found]
    names, room = (
        max(len(facts["name"]) for facts in found),
        max((len(key) for some in keys for key in some), default=0),
    )
    if width - names - room - 2 * GAP < MIN_FORMULA_WIDTH:
        return Group(*(_below(facts, some, width) for facts, some in zip(found, keys, strict=True)))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, min_width in (("name", names), ("keys", room), ("description", 0)):
        table.add_column(head, min_width=min_width)
    for facts, some in zip(found, keys, strict=True):
        about = _about(facts, width - names - room - 2 * GAP)
        table.add_row(Text(facts["name"], "bold"), "\n".join([*some, ""]), Text.assemble(about, "\n"))
    return table


def _below(facts: Mapping[str, Any], keys: Sequence[str], width: int) -> RenderableType:
    """Return a component for a narrow terminal: its name, and everything else below."""
    listed = "keys  " + ", ".join(keys).replace(": ", ":\0")  # keeps a key and its default together
    lines = textwrap.fill(listed, width - GAP, subsequent_indent=" " * 6).replace("\0", " ")
    details = Group(_about(facts, width - GAP), *([Text(lines)] if keys else []))
    return Group(Text(facts["name"], "bold"), Padding(details, (0, 0, 1, GAP)))


def _about(facts: Mapping[str, Any], width: int) -> Text:
    """Return a component's summary and formula; long formulas continue below their right-hand side."""
    lines = []
    for line in facts["formula"].splitlines():
        if len(line) > width:
            line = re.sub(r"(?<=\S) {3,}", "  ", line)
        left = re.match(r"\s*\S+\s+(<-|=)\s+", line)
        indent = left.end() if left else len(line) - len(line.lstrip()) + GAP
        lines += textwrap.wrap(line, width, subsequent_indent=" " * indent, break_long_words=False) or [""]
    return Text.assemble(textwrap.fill(facts["about"], width), "\n", ("\n".join(lines), "dim"))


def _default(key: Mapping[str, Any]) -> str:
    if key["required"]:
        return "required"
    return plain_value(key["default"])
