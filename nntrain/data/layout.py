"""The layout of a CSV text: quotes that close, and as many cells in every line as there are column names."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from nntrain.errors import Problem, bad_input, others, refuse

MARKS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "pipe"}  # what files are separated by, and its name
QUOTED = re.compile('"[^"]*"')


def check_layout(source: str, text: str, separator: str, option: str) -> None:
    """Refuse a CSV text whose rows and cells are not certain.

    Args:
        source: the name of the file.
        text: its content, without line ends at its end.
        separator: what stands between two cells.
        option: the key or option that sets the separator, for hints.

    Raises:
        InputError: if a quote is not closed or stands inside a cell, or a line has more or fewer cells than the first.
    """
    first = _first_line(text).strip()
    if not first:
        raise bad_input(f"{source}:1", "a blank line, expected column names", "delete the line")
    if re.fullmatch("sep=.?", first):
        raise bad_input(f"{source}:1", f"found {first!r}, which only Excel reads", "delete the line")
    if '"' in text:
        _check_quotes(source, text, separator)
    bare = _unquoted(text)
    lines, width = bare.count("\n") + 1, _first_line(bare).count(separator)
    if bare.count(separator) != width * lines:
        refuse(ragged_lines(source, text, separator, option))


def ragged_lines(source: str, text: str, separator: str, option: str) -> list[Problem]:
    """Return a problem for each wrong number of cells: its first line, and how many others have as many."""
    lines = _unquoted(text).split("\n")
    cells = [line.count(separator) + 1 if line.strip() else 0 for line in lines]
    expected = cells[0]
    counts = Counter(cells)
    places = record_lines(text)
    problems = []
    for found in sorted(counts.keys() - {expected}, key=cells.index):
        record = cells.index(found)
        more = others(counts[found], "line")
        what = f"found {found} cell{'s' * (found > 1)}, but the line of column names has {expected}{more}"
        if not found:
            what = f"a blank line{more}"
        hint = _hint(found, expected, lines, separator, option, _first_line(text))
        problems.append(Problem(f"{source}:{places[record]}", what, hint))
    return problems


def record_lines(text: str) -> Sequence[int]:
    """Return the line on which each record of a CSV text begins; the first record is that of the column names."""
    if '"' not in text:
        return range(1, text.count("\n") + 2)
    marked = QUOTED.sub(lambda cell: "\0" * cell[0].count("\n"), text)  # a text that was read has no NUL of its own
    return list(accumulate((1 + line.count("\0") for line in marked.split("\n")), initial=1))


def separator_hint(names: Sequence[str], separator: str, option: str) -> str:
    """Return what to do if the only column's name shows that another separator is meant, or an empty string."""
    if len(names) != 1:
        return ""
    other = next((mark for mark in MARKS if mark != separator and mark in names[0]), None)
    if other is None:
        return ""
    value = {"\t": r'"\t"'}.get(other, f"'{other}'")
    return f"it looks {MARKS[other]}-separated: set {option} to {value}"


def _unquoted(text: str) -> str:
    """Return a text with quotes in place of what is quoted."""
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
    place = f"{source}:{text.count(chr(10), 0, wrong) + 1}"
    line = text[text.rfind("\n", 0, wrong) + 1 : wrong]
    inside = line[line.rfind(separator) + 1 :]
    if inside.strip():
        raise bad_input(
            place,
            "a quote inside a cell that does not begin with one",
            'quote the whole cell, and write quotes inside it twice: "5"" nail"',
        )
    if inside:
        raise bad_input(place, "a blank between the separator and a quote", "delete the blanks before quoted cells")
    raise bad_input(
        place,
        "a quoted cell that is never closed, or has a single quote inside",
        'close it, and write quotes inside it twice: "5"" nail"',
    )


def _hint(found: int, expected: int, lines: Sequence[str], separator: str, option: str, header: str) -> str:
    if not found:
        return "delete blank lines"
    if expected == 1 and (hint := separator_hint([header], separator, option)):
        return hint
    mark = MARKS.get(separator, repr(separator))
    odd = [line.rstrip() for line in lines[1:] if line.count(separator) + 1 == found]
    if found == expected + 1 and all(line.endswith(separator) for line in odd):
        return f"the lines end with a {mark} that the line of column names lacks: delete it there, or add it here"
    if found > expected:
        return f"quote cells that contain a {mark}, or name all columns"
    return f"write every {mark}, also those beside empty cells"
