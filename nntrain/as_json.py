"""JSON, as results, reports and the files of runs have it."""

from typing import Any

from pydantic_core import to_json


def as_json(data: Any, indent: int | None = None) -> bytes:
    """Return plain data as JSON and a line end; NaN and infinity, which JSON does not have, become null."""
    # five times as fast as the standard library's, which counts in a run of short epochs
    return to_json(data, indent=indent, inf_nan_mode="null") + b"\n"
