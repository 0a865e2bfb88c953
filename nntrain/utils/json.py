"""JSON, as results, reports and the files of runs have it."""

from typing import Any

from pydantic_core import to_json


def as_json(data: Any, indent: int | None = None) -> bytes:
    """Return data as JSON and a line end; arrays become lists, NaN and infinity, which JSON does not have, null."""
    # five times as fast as the standard library's, which counts in a run of short epochs
    return to_json(data, indent=indent, inf_nan_mode="null", fallback=lambda array: array.tolist()) + b"\n"
