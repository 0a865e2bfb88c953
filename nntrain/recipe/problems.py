"""Turn pydantic's errors into problems: place, what was found, what is allowed, and the closest name."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nntrain.errors import Place, Problem, nearest
from nntrain.recipe.document import Document
from nntrain.registry import Component, choices

MAX_SHOWN = 25  # problems of a recipe
MAX_VALUE = 40  # characters of a value that are shown
ALLOWED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "greater_than": "a number > {gt}",
    "greater_than_equal": "a number >= {ge}",
    "less_than": "a number < {lt}",
    "less_than_equal": "a number <= {le}",
    "string_too_short": "non-empty text",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "too_short": "at least {min_length} entries",
    "literal_error": "{expected}",
}
MAPPING_TYPES = ("model_type", "model_attributes_type", "dict_type")
NONE = ("none", "None", "no", "off", "false", "nothing")  # values that people write for "no component"
OWN = ("optimizer", "loss", "activation", "initializer", "schedule", "norm", "source")  # that --code can add to
NEUTRAL = {"schedule": "constant", "activation": "identity"}  # the member of a family that has no effect


def problems_of(error: ValidationError, document: Document, schema: type[BaseModel]) -> tuple[Problem, ...]:
    """Return a problem for each key of ``document`` that violates ``schema``, in the order of the file."""
    details = [(_keys(detail, document.data), detail) for detail in error.errors(include_url=False)]
    # of a union, only the branch that got deepest into the document is reported
    passed = {keys[:length] for keys, _ in details for length in range(len(keys))}
    groups = [
        (keys, [detail for _, detail in group])
        for keys, group in groupby(details, key=lambda found: found[0])
        if keys not in passed
    ]
    groups.sort(key=lambda group: line_order(document.place(*group[0])))
    # finding the closest name is slow, and only the first problems are shown
    found = [_problem(keys, group, document, schema) for keys, group in groups[:MAX_SHOWN]]
    return (*found, *(Problem(document.place(*keys), group[0]["msg"]) for keys, group in groups[MAX_SHOWN:]))


def line_order(place: Place) -> tuple[int, int]:
    """Return the sort key that puts places of one file in their order."""
    return place.line, place.column


def _keys(detail: ErrorDetails, data: Any) -> tuple[str | int, ...]:
    """Return the keys that lead to an error, without the steps that pydantic adds for unions."""
    keys: list[str | int] = []
    for step in detail["loc"]:
        inside = data if isinstance(data, dict) else dict(enumerate(data)) if isinstance(data, list) else {}
        if step in inside:
            data = inside[step]
            keys.append(step)
    return (*keys, detail["loc"][-1]) if detail["type"] == "missing" else tuple(keys)


def _problem(
    keys: tuple[str | int, ...], details: list[ErrorDetails], document: Document, schema: type[BaseModel]
) -> Problem:
    detail, place = details[0], document.place(*(keys or ("recipe",)))
    context = detail.get("ctx", {})
    found = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(schema, detail["loc"][:-1])
            return Problem(place, "unknown key", _hint(str(keys[-1]), known))
        case "missing":
            return Problem(place, "is missing", _help(schema, detail["loc"]))
        case "union_tag_invalid":
            known, tag = [name.strip("' ") for name in context["expected_tags"].split(", ")], context["tag"]
            kind = getattr(_owner(schema, detail["loc"]), "family", "name")
            hint = _instead_of_none(schema, detail["loc"]) if tag in NONE else ""
            own = "; for your own, add --code FILE" if kind in OWN and not nearest(tag, known) else ""
            return Problem(place, f"unknown {kind} {_short(str(tag))!r}", hint or _hint(tag, known) + own)
        case "union_tag_not_found":
            what = "the name is missing" if isinstance(found, dict) else f"found {_shown(found)}, expected a name"
            return Problem(place, what, f"as in {{name: {next(iter(_choices(schema, detail['loc'])))}}}")
        case kind if kind in ALLOWED:
            ways = [ALLOWED.get(one["type"], one["msg"]).format(**one.get("ctx", {})) for one in details]
            allowed = " or ".join(dict.fromkeys(ways))
            hint = nearest(found, re.findall("'([^']*)'", allowed)) if isinstance(found, str) else ""
            if detail["type"] in MAPPING_TYPES and (known := _choices(schema, detail["loc"])):
                allowed, hint = f"a name, such as {known[0]}", _instead_of_none(schema, detail["loc"])
            elif detail["type"] in MAPPING_TYPES:
                hint = _defaults(_field(schema, detail["loc"]))
            return Problem(place, f"found {_shown(found)}, expected {allowed}", hint)
        case _:
            return Problem(place, detail["msg"])


def _instead_of_none(schema: type[BaseModel], loc: Sequence[str | int]) -> str:
    """Return how to ask for "none" at the key ``loc`` of a component, or an empty string."""
    field, owner = _field(schema, loc), _owner(schema, loc)
    neutral = NEUTRAL.get(getattr(owner, "family", ""))
    if neutral is not None:
        default = getattr(field.default if field else None, "name", None)
        return f"leave it out, or write {neutral}" if neutral == default else f"write {neutral}"
    if field is None or not _nullable(field):
        return ""
    about = field.description or ""
    return f"write null ({about[about.index('null') :]})" if "null" in about else "write null for none"


def _field(schema: type[BaseModel], loc: Sequence[str | int]) -> FieldInfo | None:
    owner = _owner(schema, loc[:-1]) if loc else None
    return owner.model_fields.get(str(loc[-1])) if owner else None


def _defaults(field: FieldInfo | None) -> str:
    """Return how to ask for the defaults of a section, or an empty string."""
    if field is None or field.is_required():
        return ""
    return "write {} for its defaults, null for none" if _nullable(field) else "leave it out for its defaults"


def _nullable(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {_short(value)!r}"
        case dict():
            return "a mapping"
        case list():
            return f"a list of {len(value)}"
    return _short(str(value))


def _short(text: str) -> str:
    """Return text of a recipe, truncated if it is long."""
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}..."


def _hint(name: str, known: Sequence[str]) -> str:
    return f"{nearest(name, known)} allowed: {', '.join(known)}".strip()


def _help(schema: type[BaseModel], loc: Sequence[str | int]) -> str:
    """Return the schema's description of the key at ``loc``."""
    field = _field(schema, loc)
    text = (field.description if field else None) or ""
    known = _choices(schema, loc)
    return f"{text}: {', '.join(known)}" if known else text


def _known_keys(schema: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    owner = _owner(schema, loc)
    return list(owner.model_fields) if owner else []


def _choices(schema: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    owner = _owner(schema, loc)
    return list(choices(owner)) if owner and issubclass(owner, Component) else []


def _owner(schema: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel] | None:
    """Follow pydantic's ``loc`` to the class that owns the keys there; a component's name is one of its steps."""
    owner: type[BaseModel] | None = schema
    names = False  # whether the next step is a name that the user chose
    for step in loc:
        if owner is None:
            return None
        if names:
            names = False
            continue
        if isinstance(step, int) or step == owner.__name__:  # a list index, or pydantic's name for the class
            continue
        if issubclass(owner, Component) and step in choices(owner):
            owner = choices(owner)[str(step)]
        else:
            field = owner.model_fields.get(str(step))
            owner = _class_in(field.annotation) if field else None
            names = field is not None and get_origin(field.annotation) is dict
    return owner


def _class_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _class_in(inner))), None)
