"""JSON for results, reports and the files of runs."""

from typing import Any

from pydantic_core import to_json


def as_json(data: Any, indent: int | None = None) -> bytes:
    """Return data as JSON and a newline; arrays become lists, NaN and infinity become null."""
    # five times as fast as the standard library, which matters for short epochs
    return to_json(data, indent=indent, inf_nan_mode="null", fallback=lambda array: array.tolist()) + b"\n"
