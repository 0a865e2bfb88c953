"""Tables of any command as Markdown, LaTeX or CSV: what a terminal of unlimited width would show."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100_000  # columns: so many that nothing is left out or wrapped
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {character: f"\\{character}" for character in "&%$#_{}"}
SPECIAL |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--", "…": r"\dots{}"}
MATH = {
    "→": "to",
    "∞": "infty",
    "Σ": "Sigma",
    "Π": "Pi",
    "√": "surd",
    "·": "cdot",
    "≤": "leq",
    "≥": "geq",
    "∂": "partial",
}
SPECIAL |= {character: f"$\\{name}$" for character, name in MATH.items()}
SPECIAL |= {"²": "$^2$", "½": r"$\frac{1}{2}$", "θ": r"$\theta$", "ε": r"$\varepsilon$"}
BLOCKS = "▁▂▃▄▅▆▇█"  # histograms, for which LaTeX's usual fonts have no characters


@dataclass(frozen=True)
class Grid:
    """A table as plain text: headings, rows, and which columns are numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]


def as_markdown(shown: RenderableType) -> str:
    """Return text and tables as Markdown."""
    return _joined(shown, _markdown, lambda text: re.sub(r"([*_`<|])", r"\\\1", text).replace("\n", "  \n"))


def as_latex(shown: RenderableType) -> str:
    """Return text and tables as LaTeX; tables need the package booktabs. Columns of histograms are left out."""
    return _joined(shown, _latex, lambda text: escaped(text).replace("\n", "\\\\\n"))


def as_csv(shown: RenderableType) -> str:
    """Return the tables as CSV, with an empty line between two of them; text is left out."""
    return "\n".join(_csv(part) for part in _parts(shown) if isinstance(part, Grid))


FORMATS: dict[str, Callable[[RenderableType], str]] = {"markdown": as_markdown, "latex": as_latex, "csv": as_csv}


def _joined(shown: RenderableType, table: Callable[[Grid], str], text: Callable[[str], str]) -> str:
    """Return the parts with an empty line between them."""
    return "\n".join(table(part) if isinstance(part, Grid) else f"{text(part)}\n" for part in _parts(shown))


def _parts(shown: Any) -> Iterator[Grid | str]:
    """Yield the tables and the texts of what would be shown."""
    match shown:
        case Group():
            for part in shown.renderables:
                yield from _parts(part)
        case Padding():
            yield from _parts(shown.renderable)
        case Table():
            rows = [list(cells) for cells in zip(*(map(_plain, column.cells) for column in shown.columns), strict=True)]
            feet = [_plain(column.footer) for column in shown.columns]
            rows += [feet] if shown.show_footer and any(feet) else []
            heads = [_plain(column.header) for column in shown.columns]
            yield Grid(heads, rows, [column.justify == "right" for column in shown.columns])
        case _:
            if text := _plain(shown):
                yield text


def _plain(shown: Any) -> str:
    return (shown.plain if isinstance(shown, Text) else str(shown)).strip("\n").rstrip()


def _markdown(grid: Grid) -> str:
    rules = ["---:" if number else "---" for number in grid.numbers]
    lines = [[cell.replace("|", r"\|").replace("\n", "<br>") for cell in row] for row in (grid.heads, *grid.rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (lines[0], rules, *lines[1:]))


def _latex(grid: Grid) -> str:
    drawn = [not any(set(row[column]) & set(BLOCKS) for row in grid.rows) for column in range(len(grid.heads))]
    letters = "".join("r" if number else "l" for number, kept in zip(grid.numbers, drawn, strict=True) if kept)
    lines = [
        " & ".join(escaped(cell).replace("\n", " ") for cell, kept in zip(row, drawn, strict=True) if kept)
        for row in (grid.heads, *grid.rows)
    ]
    head, *body = (f"{line} \\\\" for line in lines)
    parts = [
        f"\\begin{{tabular}}{{{letters}}}",
        "\\toprule",
        head,
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join([*parts, ""])


def escaped(text: str) -> str:
    """Return text for LaTeX."""
    return "".join(SPECIAL.get(character, character) for character in text)


def _csv(grid: Grid) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([grid.heads, *grid.rows])
    return text.getvalue()
