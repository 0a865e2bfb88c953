"""A key that takes a component: by its name alone (``optimizer: adam``), or with keys (``{name: adam, lr: 0.01}``)."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from nntrain.registry import Component, members


@dataclass(frozen=True)
class Choice:
    """Annotates a family's base: ``Annotated[Optimizer, Choice("adam")]`` accepts any of its members.

    ``default`` is the member that is meant where keys are given without a name.
    """

    default: str | None = None

    def __get_pydantic_core_schema__(self, family: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a union of all members, told apart by ``name``."""
        choices = {name: handler.generate_schema(member) for name, member in members(family).items()}
        union = core_schema.tagged_union_schema(choices, "name", strict=True)
        return core_schema.no_info_before_validator_function(self._with_name, union)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return a schema that takes names too. ``name`` is required, or editors could not tell members apart."""
        union = handler(schema)
        inside = handler.resolve_ref_schema(union)
        variants = inside.get("oneOf", [inside])
        names = []
        for variant in variants:
            component = handler.resolve_ref_schema(variant)
            name = component["properties"]["name"]["const"]
            names.append(name)
            if name != self.default:
                component["required"] = sorted({*component.get("required", ()), "name"})
        return {"anyOf": [{"enum": names}, *variants]}

    def _with_name(self, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and "name" not in value and self.default is not None:
            return {"name": self.default, **value}
        return value
