"""Names to things: every part that a recipe can name is a component of a family.

A component is a frozen, validated record. Its fields are the recipe's keys with their types, ranges, defaults
and help; its docstring holds the formula and its source. Writing the class is registering it: the recipe, the
JSON Schema, ``nntrain list`` and the tests all read the family, so that nothing has to be named twice.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

Dialects = Mapping[str, Mapping[str, float | bool]]  # library -> key -> its default there
DIALECT = Field(description="whose defaults are meant where a key is not given")

# The numbers of a recipe have ends: float32 holds the largest, float64 its square, and 64 bits count so many steps.
LARGEST, MOST = 1e30, 10**9
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
Amount = Annotated[float, Field(ge=0, le=LARGEST)]
Count = Annotated[int, Field(ge=1, le=MOST)]


class Strict(BaseModel):
    """A part of a recipe: nothing extra, no conversion of types, no NaN and no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Component(Strict):
    """One member of a family: a subclass of a family's base that declares its ``name``.

    ``class Optimizer(Component, family="optimizer")`` opens a family, and
    ``class Adam(Optimizer): name: Literal["adam"] = "adam"`` adds a member to it. Further names in the ``Literal`` are
    aliases, which a recipe may use too.

    Where libraries mean different things by a name, the differences are keys, and ``dialects`` holds what each library
    has for them by default; the fields' own defaults are those of the first dialect. ``{name: adam, dialect: keras}``
    is Adam with keras' values, each of which can still be given.
    """

    name: str
    dialects: ClassVar[Dialects] = {}
    family: ClassVar[str]
    members: ClassVar[dict[str, type["Component"]]]

    @model_validator(mode="before")
    @classmethod
    def _with_the_defaults_of_the_dialect(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(dialect := data.get("dialect"), str):
            return {**cls.dialects.get(dialect, {}), **data}
        return data

    def __init_subclass__(cls, family: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)  # `family` is for pydantic's hook below, where the fields are known

    @classmethod
    def __pydantic_init_subclass__(cls, family: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if family is not None:
            cls.family, cls.members = family, {}
        else:
            # a class without a name of its own is a base that members share
            cls.members.update(dict.fromkeys(get_args(cls.model_fields["name"].annotation), cls))


C = TypeVar("C", bound=Component)


def members(family: type[C]) -> dict[str, type[C]]:
    """Return the members of ``family`` by name, without aliases, in the order of their files and within a file.

    Where a family lives in a package, all its modules are imported first: a new file in the folder is enough to add a
    member.
    """
    home = importlib.import_module(family.__module__)
    for module in pkgutil.iter_modules(getattr(home, "__path__", ())):
        importlib.import_module(f"{home.__name__}.{module.name}")
    found = {name: kind for name, kind in family.members.items() if kind.model_fields["name"].default == name}
    # not in the order of importing, which differs from program to program
    return dict(sorted(found.items(), key=lambda item: item[1].__module__))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Choice:
    """A key that takes a component: by its name alone (``optimizer: adam``), or with keys (``{name: adam, lr: 0.01}``).

    It annotates a family's base: ``Annotated[Optimizer, Choice("adam")]`` accepts any of its members.

    ``default`` is the member that is meant where keys are given without a name.
    """

    default: str | None = None

    def __get_pydantic_core_schema__(self, family: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a union of all members, told apart by ``name``."""
        members(family)  # imports them all
        choices = {name: handler.generate_schema(member) for name, member in family.members.items()}
        union = core_schema.tagged_union_schema(choices, "name", strict=True)
        return core_schema.no_info_before_validator_function(self._with_name, union)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return a schema that takes names too. ``name`` is required, or editors could not tell members apart."""
        union = handler(schema)
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
