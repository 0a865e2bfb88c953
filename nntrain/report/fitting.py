"""Tables in the columns that a terminal has room for; what is left out is named below the table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

GAP = 2  # blanks between two columns


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        head: its title.
        cells: one for each row.
        right: whether cells are aligned at the right, as numbers are.
        folds: whether a cell may take several lines; otherwise it stays on one line.
        drop: 0 for a column that is always shown; of the others, the one with the largest number is dropped first.
        foot: what stands below the cells.
        name: what it is called when it is dropped, if its head, which then stays on one line, is not its name.
    """

    head: str
    cells: Sequence[str | Text]
    right: bool = True
    folds: bool = False
    drop: int = 0
    foot: str = ""
    name: str = ""

    @property
    def least(self) -> int:
        """Return the fewest characters that it needs."""
        cells = self._words if self.folds else self._lines
        return _longest([*cells, *([self.head] if self.name else self.head.split())])

    @property
    def natural(self) -> int:
        """Return how many characters it takes if nothing is folded."""
        return _longest([*self._lines, self.head])

    @property
    def _lines(self) -> list[str]:
        return [line for cell in (self.foot, *self.cells) for line in str(cell).splitlines()]

    @property
    def _words(self) -> list[str]:
        return [word for line in self._lines for word in line.split()]


def fitted(columns: Sequence[Column], width: int) -> RenderableType:
    """Return a table of at most ``width`` characters, and below it the titles of the columns that were dropped."""
    shown = list(columns)
    while _least(shown) > width and any(column.drop for column in shown):
        shown.remove(max(shown, key=lambda column: column.drop))
    dropped = [column.name or column.head for column in columns if column not in shown]
    if _least(shown) > width:  # too narrow even for the columns that are always shown: fold those
        shown = [replace(column, folds=True) for column in shown]
    table = _table(shown, _widths(shown, width))
    return Group(table, Text(f"no room for {', '.join(dropped)}", "dim")) if dropped else table


def has_room(columns: Sequence[Column], width: int) -> bool:
    """Return whether ``width`` characters are enough for all columns."""
    return _least(columns) <= width


def _least(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return each column's width: what it needs at least, and an equal share of the rest up to what it can use."""
    widths, rest = [column.least for column in columns], width - _least(columns)
    wanting = sorted(range(len(columns)), key=lambda i: columns[i].natural - widths[i])
    for done, index in enumerate(wanting):
        more = max(0, min(columns[index].natural - widths[index], rest // (len(wanting) - done)))
        widths[index] += more
        rest -= more
    return widths


def _table(columns: Sequence[Column], widths: Sequence[int]) -> Table:
    footed = any(column.foot for column in columns)
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=footed, footer_style="bold")
    for column, width in zip(columns, widths, strict=True):
        foot = Text(column.foot)
        table.add_column(column.head, foot, justify="right" if column.right else "left", width=width, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _longest(texts: Sequence[str]) -> int:
    return max((Text(text).cell_len for text in texts), default=0)
