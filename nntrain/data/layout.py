"""Check the layout of a CSV text: balanced quotes, and the same number of cells in every line."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from nntrain.data.reading import MARK_NAMES, setting
from nntrain.data.text_table import LIKELY, separator_hint
from nntrain.errors import InputError, Place, Problem, bad_input, counted, others, refuse

QUOTED = re.compile('"[^"]*"')
MAX_TITLES = 30  # lines above the header that are looked for


@dataclass(frozen=True)
class Layout:
    """The text of a CSV file.

    Attributes:
        source: the name of the file.
        text: its content, without skipped lines and trailing line ends.
        separator: cell separator.
        header: whether the first line has the column names.
        skipped: number of skipped lines above.
        for_recipe: whether hints name keys of a recipe, rather than options.
    """

    source: str
    text: str
    separator: str = ","
    header: bool = True
    skipped: int = 0
    for_recipe: bool = True

    def place(self, line: int) -> Place:
        """Return the place of a line of the text, from 1."""
        return Place(self.source, line + self.skipped)

    def check(self) -> None:
        """Reject a text whose rows and cells are ambiguous.

        Raises:
            InputError: if a quote is unbalanced or inside an unquoted cell, or lines differ in their number of cells.
        """
        first = first_line(self.text).strip()
        if not first:
            raise bad_input(self.place(1), "found a blank line, expected column names", "delete the line")
        if re.fullmatch("sep=.?", first):
            way = f"delete the line, or {setting('skip_rows', self.skipped + 1, self.for_recipe)}"
            raise bad_input(self.place(1), f"found {first!r}, which only Excel understands", way)
        if '"' in self.text:
            self._check_quotes()
        bare = unquoted(self.text)
        lines, width = bare.count("\n") + 1, first_line(bare).count(self.separator)
        if bare.count(self.separator) != width * lines:
            refuse(self.ragged_lines())

    def ragged_lines(self) -> list[Problem]:
        """Return a problem for each wrong number of cells: the first line with it, and how many others have it."""
        lines = unquoted(self.text).split("\n")
        cells = [line.count(self.separator) + 1 if line.strip() else 0 for line in lines]
        if not self._has_other_separator(lines) and (title := self._title(cells)):
            return [title]
        expected = cells[0]
        counts = Counter(cells)
        places = record_lines(self.text)
        problems = []
        for found in sorted(counts.keys() - {expected}, key=cells.index):
            record = cells.index(found)
            more = others(counts[found], "line")
            first = "header" if self.header else "first line"
            what = f"found {counted(found, 'cell')}, but the {first} has {expected}{more}"
            if not found:
                what = f"found a blank line{more}"
            problems.append(Problem(self.place(places[record]), what, self._hint(found, expected, lines)))
        return problems

    def _has_other_separator(self, lines: Sequence[str]) -> bool:
        """Return whether another mark divides all lines into equally many cells, as in ``a;b`` above ``1,5;2,5``."""
        mark = likely_separator(self.text)
        counts = {line.count(mark) for line in lines}
        return mark != self.separator and len(counts) == 1 and counts != {0}

    def _title(self, cells: Sequence[int]) -> Problem | None:
        """Return the problem of a text with title rows: one cell a line above lines that all have several."""
        last = cells[-1]
        start = len(cells)
        while start and cells[start - 1] == last:
            start -= 1
        if not 0 < start <= MAX_TITLES or last < 2 or len(cells) - start < 2 or max(cells[:start]) > 1:
            return None
        lines = record_lines(self.text)[start] - 1
        what = f"found {counted(lines, 'line')} with fewer cells than the {last} of all lines below"
        hint = f"looks like a title; {setting('skip_rows', self.skipped + lines, self.for_recipe)}"
        return Problem(self.place(1), what, hint)

    def _check_quotes(self) -> None:
        mark = re.escape(self.separator)
        before, cell, after = rf"(?<![^{mark}\n])", r'"[^"]*+(?:""[^"]*+)*+"', rf"(?![^{mark}\r\n])"
        well_formed = re.match(rf'(?:[^"]*+{before}{cell}{after})*+', self.text)
        wrong = self.text.find('"', well_formed.end() if well_formed else 0)
        if wrong >= 0:
            raise self._unbalanced(wrong)

    def _unbalanced(self, wrong: int) -> InputError:
        """Return the error for the quote at ``wrong``."""
        place = self.place(self.text.count("\n", 0, wrong) + 1)
        line = self.text[self.text.rfind("\n", 0, wrong) + 1 : wrong]
        inside = line[line.rfind(self.separator) + 1 :]
        way = 'double the quotes inside it: "5"" nail"'
        if inside.strip():
            return bad_input(place, "found a quote inside an unquoted cell", f"quote the whole cell and {way}")
        if inside:
            return bad_input(
                place, "found a blank between the separator and a quote", "delete blanks before quoted cells"
            )
        return bad_input(place, "a quoted cell is not closed, or has a single quote inside", f"close it, and {way}")

    def _hint(self, found: int, expected: int, lines: Sequence[str]) -> str:
        if not found:
            return "delete blank lines"
        if expected == 1 and (hint := separator_hint([first_line(self.text)], self.separator, self.for_recipe)):
            return hint
        name = MARK_NAMES.get(self.separator, repr(self.separator))
        odd = [line.rstrip() for line in lines[1:] if line.count(self.separator) + 1 == found]
        if found == expected + 1 and all(line.endswith(self.separator) for line in odd):
            return f"these lines end with a {name}, but the header does not: delete it, or add one to the header"
        if found > expected:
            return f"quote cells that contain a {name}, or name all columns"
        return f"write a {name} for empty cells too"


def record_lines(text: str) -> Sequence[int]:
    """Return the line on which each record of a CSV text starts; the first record is the header."""
    if '"' not in text:
        return range(1, text.count("\n") + 2)
    marked = QUOTED.sub(lambda cell: "\0" * cell[0].count("\n"), text)  # the text itself contains no NUL
    return list(accumulate((1 + line.count("\0") for line in marked.split("\n")), initial=1))


def likely_separator(text: str, skipped: int = 0) -> str:
    """Return the separator that is most frequent in the first line that is not skipped; a comma if there is none."""
    header = first_line(unquoted(text.split("\n", skipped)[-1]))
    return max(LIKELY, key=lambda mark: (header.count(mark), mark == ","))


def unquoted(text: str) -> str:
    """Return the text with each quoted section replaced by one quote."""
    return '"'.join(text.split('"')[::2]) if '"' in text else text


def first_line(text: str) -> str:
    """Return the first line of a text."""
    end = text.find("\n")
    return text if end < 0 else text[:end]
