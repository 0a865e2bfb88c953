"""Errors of functions that a user has written, with the line of their file."""

import re
from collections.abc import Callable
from inspect import getsourcelines
from pathlib import Path
from typing import Any

from nntrain.errors import InputError, Place, Problem

PACKAGE = Path(__file__).parents[1]


def not_compiled(function: Callable[..., Any], error: Exception) -> Exception:
    """Return the error of a function that Numba cannot compile: for one in a user's file, its line and message."""
    file = function.__code__.co_filename
    if PACKAGE in Path(file).parents:
        return error
    lines = [text.strip() for text in str(error).splitlines() if text.strip()]
    detail = next((text for text in lines if not text.startswith("Failed in nopython mode")), type(error).__name__)
    what = detail if "Error" in detail else f"{type(error).__name__}: {detail}"
    place = Place(file, _line_in(function, str(error)))
    return InputError(Problem(place, f"{function.__name__} cannot be compiled: {what}"))


def _line_in(function: Callable[..., Any], message: str) -> int:
    """Return the line that Numba's message gives, or that has the name in it, or else the first of the function."""
    source, first = getsourcelines(function)
    name = re.escape(Path(function.__code__.co_filename).name)
    if given := re.findall(rf'File "[^"]*{name}", line (\d+)', message):
        return int(given[-1])
    named = re.search(r"(?:name|attribute) '(\w+)'", message)
    where = (i for i, text in enumerate(source) if named and re.search(rf"\b{named[1]}\b", text))
    return first + next(where, 0)
