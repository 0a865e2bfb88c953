"""JSON lines: an object for each row."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nntrain.errors import MAX_PROBLEMS, Place, Problem, bad_input, refuse

if TYPE_CHECKING:
    import polars as pl


def parse_json_lines(source: str, text: str, above: int = 0) -> tuple["pl.DataFrame", Callable[[int], Place]]:
    """Return the values of each key as text, and the place of each row; a key that is not there is a missing value.

    ``above`` is the number of lines of the file above the text.

    Numbers keep their digits, and what is nested stays JSON.

    Raises:
        InputError: if a line is not an object.
    """
    import polars as pl

    columns: dict[str, list[str | None]] = {}
    lines: list[int] = []
    problems = []
    for number, line in enumerate(text.split("\n"), start=1 + above):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
            if not isinstance(row, dict):
                raise TypeError
        except (ValueError, TypeError, RecursionError) as error:
            problems.append(_problem(source, number, line, error))
            if len(problems) > MAX_PROBLEMS:
                break
            continue
        for key, value in row.items():
            column = columns.setdefault(key, [])
            column.extend([None] * (len(lines) - len(column)))
            column.append(_cell(value))
        lines.append(number)
    refuse(problems)
    named = {key: column for key, column in columns.items() if key.strip()}
    if not named:
        raise bad_input(source, "has no keys", 'expected an object in each line, as in {"a": 1, "y": 2}')
    padded = {key: column + [None] * (len(lines) - len(column)) for key, column in named.items()}
    return pl.DataFrame(padded, schema=dict.fromkeys(padded, pl.String)), lambda row: Place(source, lines[row])


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return None if text is None else text.encode(errors="replace").decode()  # half a surrogate pair is no text


def _problem(source: str, number: int, line: str, error: Exception) -> Problem:
    found = line.strip()[:40]
    if isinstance(error, json.JSONDecodeError):
        return Problem(Place(source, number, error.colno), f"not JSON: {error.msg.lower()}, in {found!r}")
    if isinstance(error, TypeError):
        return Problem(Place(source, number), f"found {found!r}, expected an object", 'as in {"a": 1, "y": 2}')
    return Problem(Place(source, number), "cannot read this JSON: too large a number, or nested too deeply")
