"""The importance of columns as a table with bars."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from nntrain.metrics.importance import Importance
from nntrain.report.fitting import GAP, Column, fitted
from nntrain.report.numbers import number

MIN_BAR, MAX_BAR = 3, 30  # characters
EIGHTHS = " ▏▎▍▌▋▊▉"


def importance_table(
    names: Sequence[str], found: Sequence[Importance], width: int, bars: bool = True
) -> RenderableType:
    """Return the columns of a model for ``width`` columns, the most important first.

    Args:
        names: of the model's columns.
        found: their importance.
        width: columns of the terminal.
        bars: whether to draw a bar for each column.
    """
    order = sorted(range(len(names)), key=lambda i: -found[i].mean)
    columns = [
        Column("column", [names[i] for i in order], right=False, folds=True),
        Column("importance", [number(found[i].mean) for i in order]),
        Column("std", [number(found[i].std) for i in order], drop=1),
    ]
    longest = max((found[i].mean for i in order), default=0.0)
    room = min(MAX_BAR, width - sum(column.natural for column in columns) - GAP * len(columns))
    if not bars or room < MIN_BAR or longest <= 0:
        return fitted(columns, width)
    drawn = [Text(_bar(found[i].mean / longest, room), "cyan") for i in order]
    return fitted([*columns, Column("", drawn, right=False)], width)


def _bar(fraction: float, width: int) -> str:
    """Return a bar of a fraction of ``width`` characters; empty for none or less."""
    eighths = max(0, round(8 * width * fraction))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
