"""JSON: an object for each row, as lines or as one array."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nntrain.errors import MAX_PROBLEMS, Place, Problem, bad_input, refuse

if TYPE_CHECKING:
    import polars as pl

DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
BLANKS = " \t\r\n"
EXAMPLE = '{"a": 1, "y": 2}'
Parsed = tuple["pl.DataFrame", Callable[[int], Place]]


class _Rows:
    """The values of each key as text, and the line of each row."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._columns: dict[str, list[str | None]] = {}
        self._lines: list[int] = []

    def add(self, row: dict[str, Any], line: int) -> None:
        """Add a row; a key that is not there is a missing value."""
        for key, value in row.items():
            column = self._columns.setdefault(key, [])
            column.extend([None] * (len(self._lines) - len(column)))
            column.append(_cell(value))
        self._lines.append(line)

    def table(self) -> Parsed:
        """Return the columns, and the place of each row.

        Raises:
            InputError: if no row has a key.
        """
        import polars as pl

        lines, source = self._lines, self._source
        named = {key: column for key, column in self._columns.items() if key.strip()}
        if not named:
            raise bad_input(source, "has no keys", f"expected an object for each row, as in {EXAMPLE}")
        padded = {key: column + [None] * (len(lines) - len(column)) for key, column in named.items()}
        return pl.DataFrame(padded, schema=dict.fromkeys(padded, pl.String)), lambda row: Place(source, lines[row])


def parse_json(source: str, text: str) -> Parsed:
    """Return the table of an array of objects, or of JSON lines.

    Raises:
        InputError: if it is neither.
    """
    if text.lstrip(BLANKS)[:1] == "[":
        return parse_json_array(source, text)
    whole = _whole(text)
    if isinstance(whole, dict) and ("\n" in text.strip() or any(map(_is_table, whole.values()))):
        inside = next((key for key, value in whole.items() if _is_table(value)), None)
        hint = "" if inside is None else f"save the array that is its {inside!r} to a file of its own"
        raise bad_input(source, "holds one object, expected an array of objects or an object in each line", hint)
    return parse_json_lines(source, text)


def _whole(text: str) -> Any:
    """Return what the text is as one piece of JSON; None if it is more, or not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_table(value: Any) -> bool:
    """Return whether a value is an array of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def parse_json_array(source: str, text: str) -> Parsed:
    """Return the values of each key as text, and the place of each row, of an array of objects.

    Raises:
        InputError: if it is not an array of objects.
    """
    rows, line, counted = _Rows(source), 1, 0
    position = _skip(text, text.index("[") + 1)
    while text[position : position + 1] != "]":
        line, counted = line + text.count("\n", counted, position), position
        try:
            row, end = DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _wrong(source, text, error.pos, f"not JSON: {error.msg.lower()}") from None
        except (ValueError, RecursionError):
            raise _wrong(source, text, position, "cannot read this JSON: nested too deeply") from None
        if not isinstance(row, dict):
            raise _wrong(source, text, position, "expected an object", f"as in [{EXAMPLE}]")
        rows.add(row, line)
        position = _skip(text, end)
        if text[position : position + 1] not in (",", "]"):
            raise _wrong(source, text, position, "not JSON: expected ',' or ']' after an object")
        if text[position] == ",":
            position = _skip(text, position + 1)
            if text[position : position + 1] == "]":
                raise _wrong(source, text, position, "not JSON: expected an object after ','")
    rest = _skip(text, position + 1)
    if rest < len(text):
        raise _wrong(source, text, rest, "expected nothing after the array")
    return rows.table()


def _skip(text: str, position: int) -> int:
    """Return the position of the next character that is not blank."""
    while position < len(text) and text[position] in BLANKS:
        position += 1
    return position


def _wrong(source: str, text: str, position: int, what: str, hint: str = "") -> Exception:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    found = text[position : position + 40].partition("\n")[0].strip()
    shown = f", in {found!r}" if found else ", at the end of the file"
    return bad_input(Place(source, line, column), what + shown, hint)


def parse_json_lines(source: str, text: str, above: int = 0) -> Parsed:
    """Return the values of each key as text, and the place of each row; a key that is not there is a missing value.

    ``above`` is the number of lines of the file above the text.

    Numbers keep their digits, and what is nested stays JSON.

    Raises:
        InputError: if a line is not an object.
    """
    rows, problems = _Rows(source), []
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
        rows.add(row, number)
    refuse(problems)
    return rows.table()


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
        return Problem(Place(source, number), f"found {found!r}, expected an object", f"as in {EXAMPLE}")
    return Problem(Place(source, number), "cannot read this JSON: too large a number, or nested too deeply")
