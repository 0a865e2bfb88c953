"""The JSON Schema of recipes, in the draft that editors support.

pydantic writes draft 2020-12. The YAML language server, which most editors use, reads draft 7: ``$defs`` is called
``definitions`` there, and OpenAPI's ``discriminator`` is unknown.
"""

from typing import Any

from pydantic import BaseModel


def draft7(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of ``schema``."""
    translated = _translated(schema.model_json_schema())
    return {"$schema": "http://json-schema.org/draft-07/schema#", **translated}


def _translated(value: Any) -> Any:
    if isinstance(value, list):
        return [_translated(item) for item in value]
    if not isinstance(value, dict):
        return value.replace("#/$defs/", "#/definitions/") if isinstance(value, str) else value
    return {
        "definitions" if key == "$defs" else key: _translated(item)
        for key, item in value.items()
        # titles repeat the key and clutter tooltips
        if key != "discriminator" and not (key == "title" and isinstance(item, str))
    }
