"""The registry: everything that a recipe can name is a component of a family.

A component is a frozen, validated record. Its fields are the recipe's keys with their types, ranges, defaults
and help; its docstring holds the formula and its source. Defining the class registers it: recipes, the JSON Schema,
``nntrain list`` and the tests all read the family.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, SchemaValidator, core_schema

Dialects = Mapping[str, Mapping[str, float | bool]]  # library -> key -> its default there
DIALECT = Field(description="library whose defaults apply to keys that are not given")

# Bounds for the numbers of a recipe: float32 holds MAX_REAL, float64 its square, and 64-bit counters MAX_COUNT squared.
MAX_REAL, MAX_COUNT = 1e30, 10**9
Real = Annotated[float, Field(ge=-MAX_REAL, le=MAX_REAL)]
Positive = Annotated[float, Field(gt=0, le=MAX_REAL)]
Amount = Annotated[float, Field(ge=0, le=MAX_REAL)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]


class Strict(BaseModel):
    """A section of a recipe: no unknown keys, no type conversion, no NaN and no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Component(Strict):
    """A member of a family: a subclass of the family's base that declares its ``name``.

    ``class Optimizer(Component, family="optimizer")`` opens a family, and
    ``class Adam(Optimizer): name: Literal["adam"] = "adam"`` adds a member to it. Further names in the ``Literal`` are
    aliases, which a recipe may use too. ``class TestFunction(Loss, family="function")`` opens a subfamily: a recipe may
    name its members wherever it may name a loss, but they are listed on their own.

    Where libraries implement a name differently, the differences are keys, and ``dialects`` holds each library's
    defaults for them. The fields' own defaults are those of the first dialect. ``{name: adam, dialect: keras}`` is Adam
    with keras' defaults; keys that are given override them.
    """

    model_config = ConfigDict(defer_build=True)  # most members are not used in a run

    name: str
    dialects: ClassVar[Dialects] = {}
    family: ClassVar[str]
    members: ClassVar[dict[str, type["Component"]]]
    subfamilies: ClassVar[list[type["Component"]]]

    @model_validator(mode="before")
    @classmethod
    def _with_dialect_defaults(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(dialect := data.get("dialect"), str):
            return {**cls.dialects.get(dialect, {}), **data}
        return data

    def __init_subclass__(cls, family: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)  # pydantic's hook below handles `family`, since it knows the fields

    @classmethod
    def __pydantic_init_subclass__(cls, family: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if family is not None:
            above = getattr(cls, "subfamilies", None)
            if above is not None:
                above.append(cls)
            cls.family, cls.members, cls.subfamilies = family, {}, []
        else:
            # a class that declares no name is a shared base
            cls.members.update(dict.fromkeys(_names(cls), cls))


C = TypeVar("C", bound=Component)


def _names(member: type[Component]) -> tuple[str, ...]:
    """Return the name of a member, and its aliases."""
    return get_args(member.model_fields["name"].annotation)


def members(family: type[C]) -> dict[str, type[C]]:
    """Return the members of ``family`` by name, without aliases: by module, and in the order of definition within one.

    If the family lives in a package, all its modules are imported first, so that a new file in the folder is enough to
    add a member.
    """
    home = importlib.import_module(family.__module__)
    for module in pkgutil.iter_modules(getattr(home, "__path__", ())):
        importlib.import_module(f"{home.__name__}.{module.name}")
    found = {name: kind for name, kind in family.members.items() if kind.model_fields["name"].default == name}
    # not in the order of importing, which differs from program to program
    return dict(sorted(found.items(), key=lambda item: item[1].__module__))  # type: ignore[arg-type]


def choices(family: type[C]) -> dict[str, type[C]]:
    """Return the members of ``family``, and after them those of its subfamilies."""
    found = members(family)
    for subfamily in family.subfamilies:
        found |= choices(subfamily)  # type: ignore[arg-type]
    return found


def named(family: type[C], name: str) -> type[C] | None:
    """Return the member of ``family`` or its subfamilies with a name or alias, None if there is none.

    Of the family's package, only the modules whose text contains the name are imported.
    """
    found = _registered(family, name)
    if found is None:
        home = importlib.import_module(family.__module__)
        for module in pkgutil.iter_modules(getattr(home, "__path__", ())):
            file = f"{module.name}/__init__.py" if module.ispkg else f"{module.name}.py"
            if f'"{name}"'.encode(errors="replace") in (pkgutil.get_data(home.__name__, file) or b""):
                importlib.import_module(f"{home.__name__}.{module.name}")
        found = _registered(family, name)
    return found


def _registered(family: type[C], name: str) -> type[C] | None:
    below = (_registered(subfamily, name) for subfamily in family.subfamilies)
    return family.members.get(name) or next(filter(None, below), None)  # type: ignore[return-value]


def _union(members: Iterable[type[Component]]) -> CoreSchema:
    """Return the schema of a component that is one of ``members``, told apart by ``name`` or an alias of it."""
    by_name: dict[str, CoreSchema] = {}
    for member in members:
        member.model_rebuild()  # unless it is built
        by_name |= dict.fromkeys(_names(member), member.__pydantic_core_schema__)
    return core_schema.tagged_union_schema(by_name, "name", strict=True)


@cache
def _validator(member: type[Component]) -> SchemaValidator:
    return SchemaValidator(_union([member]))


@dataclass(frozen=True)
class Choice:
    """A key that takes a component: a name (``optimizer: adam``) or keys (``{name: adam, lr: 0.01}``).

    It annotates a family's base: ``Annotated[Optimizer, Choice("adam")]`` accepts any member of the family.

    ``default`` is the member that keys without a name belong to.
    """

    default: str | None = None

    def __get_pydantic_core_schema__(self, family: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that validates a value as the member that its ``name`` stands for.

        It builds the validator of that member alone: to import and build all of them takes a quarter of a second.
        """

        def validate(value: Any) -> Any:
            value = self._with_name(value)
            name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
            member = named(family, name) if isinstance(name, str) else None
            validator = SchemaValidator(_union(choices(family).values())) if member is None else _validator(member)
            return validator.validate_python(value)

        return core_schema.no_info_plain_validator_function(validate, metadata={"family": family})

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return a schema that also accepts bare names. ``name`` is required so that editors can tell members apart."""
        union = handler(_union(choices(schema["metadata"]["family"]).values()))
        inside = handler.resolve_ref_schema(union)
        variants = inside.get("oneOf", [inside])
        names: list[str] = []
        for variant in variants:
            component = handler.resolve_ref_schema(variant)
            allowed = component["properties"]["name"]
            own = allowed.get("enum") or [allowed["const"]]
            names += own
            if self.default not in own:
                component["required"] = sorted({*component.get("required", ()), "name"})
        return {"anyOf": [{"enum": names}, *variants]}

    def _with_name(self, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and "name" not in value and self.default is not None:
            return {"name": self.default, **value}
        return value
