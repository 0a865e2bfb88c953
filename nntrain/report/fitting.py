"""Tables fitted to the width of a terminal; columns that do not fit are named below the table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

GAP = 2  # blanks between columns


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        head: the heading.
        cells: one per row.
        right: whether cells are aligned to the right, as numbers are.
        folds: whether a cell may wrap onto several lines.
        drop: 0 for a column that is always shown; of the others, the one with the largest number is dropped first.
        foot: a footer, such as a sum.
        name: what to call the column when it is dropped, if not its heading, which then does not wrap.
    """

    head: str
    cells: Sequence[str | Text]
    right: bool = True
    folds: bool = False
    drop: int = 0
    foot: str = ""
    name: str = ""

    @property
    def min_width(self) -> int:
        """The minimum width."""
        cells = self._words if self.folds else self._lines
        return _longest([*cells, *([self.head] if self.name else self.head.split())])

    @property
    def natural(self) -> int:
        """The width without any wrapping."""
        return _longest([*self._lines, self.head])

    @property
    def _lines(self) -> list[str]:
        return [line for cell in (self.foot, *self.cells) for line in str(cell).splitlines()]

    @property
    def _words(self) -> list[str]:
        return [word for line in self._lines for word in line.split()]


def fitted(columns: Sequence[Column], width: int) -> RenderableType:
    """Return a table of at most ``width`` characters, and below it the names of columns that were dropped."""
    shown = list(columns)
    while _min_width(shown) > width and any(column.drop for column in shown):
        shown.remove(max(shown, key=lambda column: column.drop))
    dropped = [column.name or column.head for column in columns if column not in shown]
    if _min_width(shown) > width:  # too narrow even for the columns that are always shown: wrap those
        shown = [replace(column, folds=True) for column in shown]
    table = _table(shown, _widths(shown, width))
    return Group(table, Text(f"no room for {', '.join(dropped)}", "dim")) if dropped else table


def has_room(columns: Sequence[Column], width: int) -> bool:
    """Return whether all columns fit into ``width`` characters."""
    return _min_width(columns) <= width


def _min_width(columns: Sequence[Column]) -> int:
    return sum(column.min_width for column in columns) + GAP * (len(columns) - 1)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return column widths: the minimum of each, plus an equal part of the remaining space where it is needed."""
    widths, rest = [column.min_width for column in columns], width - _min_width(columns)
    order = sorted(range(len(columns)), key=lambda i: columns[i].natural - widths[i])
    for done, index in enumerate(order):
        more = max(0, min(columns[index].natural - widths[index], rest // (len(order) - done)))
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
