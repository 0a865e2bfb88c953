"""Check the layout of a CSV text: balanced quotes, and the same number of cells in every line."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from nntrain.errors import Place, Problem, bad_input, counted, others, refuse

SEPARATOR_NAMES = {";": "semicolon", ",": "comma", "\t": "tab", "|": "pipe"}
QUOTED = re.compile('"[^"]*"')


def check_layout(source: str, text: str, separator: str, option: str) -> None:
    """Reject a CSV text whose rows and cells are ambiguous.

    Args:
        source: the name of the file.
        text: its content, without trailing line ends.
        separator: cell separator.
        option: the key or option that sets the separator, for hints.

    Raises:
        InputError: if a quote is unbalanced or inside an unquoted cell, or lines differ in their number of cells.
    """
    first = _first_line(text).strip()
    if not first:
        raise bad_input(Place(source, 1), "found a blank line, expected column names", "delete the line")
    if re.fullmatch("sep=.?", first):
        raise bad_input(Place(source, 1), f"found {first!r}, which only Excel understands", "delete the line")
    if '"' in text:
        _check_quotes(source, text, separator)
    bare = _unquoted(text)
    lines, width = bare.count("\n") + 1, _first_line(bare).count(separator)
    if bare.count(separator) != width * lines:
        refuse(ragged_lines(source, text, separator, option))


def ragged_lines(source: str, text: str, separator: str, option: str) -> list[Problem]:
    """Return a problem for each wrong number of cells: the first line with it, and how many others have it."""
    lines = _unquoted(text).split("\n")
    cells = [line.count(separator) + 1 if line.strip() else 0 for line in lines]
    expected = cells[0]
    counts = Counter(cells)
    places = record_lines(text)
    problems = []
    for found in sorted(counts.keys() - {expected}, key=cells.index):
        record = cells.index(found)
        more = others(counts[found], "line")
        what = f"found {counted(found, 'cell')}, but the header has {expected}{more}"
        if not found:
            what = f"found a blank line{more}"
        hint = _hint(found, expected, lines, separator, option, _first_line(text))
        problems.append(Problem(Place(source, places[record]), what, hint))
    return problems


def record_lines(text: str) -> Sequence[int]:
    """Return the line on which each record of a CSV text starts; the first record is the header."""
    if '"' not in text:
        return range(1, text.count("\n") + 2)
    marked = QUOTED.sub(lambda cell: "\0" * cell[0].count("\n"), text)  # the text itself contains no NUL
    return list(accumulate((1 + line.count("\0") for line in marked.split("\n")), initial=1))


def separator_hint(names: Sequence[str], separator: str, option: str) -> str:
    """Return a hint if the only column name suggests another separator, else an empty string."""
    if len(names) != 1:
        return ""
    other = next((mark for mark in SEPARATOR_NAMES if mark != separator and mark in names[0]), None)
    if other is None:
        return ""
    value = {"\t": r'"\t"'}.get(other, f"'{other}'")
    setting = f"use {option} {value}" if option.startswith("-") else f"set {option}: {value}"
    return f"looks {SEPARATOR_NAMES[other]}-separated; {setting}"


def likely_separator(text: str) -> str:
    """Return the separator that is most frequent in the first line of a CSV text; a comma if there is none."""
    header = _first_line(_unquoted(text))
    return max(SEPARATOR_NAMES, key=lambda mark: (header.count(mark), mark == ","))


def _unquoted(text: str) -> str:
    """Return the text with each quoted section replaced by one quote."""
    return '"'.join(text.split('"')[::2]) if '"' in text else text


def _first_line(text: str) -> str:
    end = text.find("\n")
    return text if end < 0 else text[:end]


def _check_quotes(source: str, text: str, separator: str) -> None:
    mark = re.escape(separator)
    before, cell, after = rf"(?<![^{mark}\n])", r'"[^"]*+(?:""[^"]*+)*+"', rf"(?![^{mark}\r\n])"
    well_formed = re.match(rf'(?:[^"]*+{before}{cell}{after})*+', text)
    wrong = text.find('"', well_formed.end() if well_formed else 0)
    if wrong < 0:
        return
    place = Place(source, text.count("\n", 0, wrong) + 1)
    line = text[text.rfind("\n", 0, wrong) + 1 : wrong]
    inside = line[line.rfind(separator) + 1 :]
    if inside.strip():
        raise bad_input(
            place,
            "found a quote inside an unquoted cell",
            'quote the whole cell and double the quotes inside it: "5"" nail"',
        )
    if inside:
        raise bad_input(place, "found a blank between the separator and a quote", "delete blanks before quoted cells")
    raise bad_input(
        place,
        "a quoted cell is not closed, or has a single quote inside",
        'close it, and double the quotes inside it: "5"" nail"',
    )


def _hint(found: int, expected: int, lines: Sequence[str], separator: str, option: str, header: str) -> str:
    if not found:
        return "delete blank lines"
    if expected == 1 and (hint := separator_hint([header], separator, option)):
        return hint
    name = SEPARATOR_NAMES.get(separator, repr(separator))
    odd = [line.rstrip() for line in lines[1:] if line.count(separator) + 1 == found]
    if found == expected + 1 and all(line.endswith(separator) for line in odd):
        return f"these lines end with a {name}, but the header does not: delete it, or add one to the header"
    if found > expected:
        return f"quote cells that contain a {name}, or name all columns"
    return f"write a {name} for empty cells too"
