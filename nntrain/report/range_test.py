"""A learning rate range test as text."""

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.doctor.range_test import RangeTest
from nntrain.report.braille import LABEL_WIDTH, curves
from nntrain.report.numbers import number

MAX_WIDTH, HEIGHT = 72, 9


def range_text(found: RangeTest, recipe: str, width: int) -> RenderableType:
    """Return the curve of the smoothed loss and the suggestion; ``recipe``: as the command line names it."""
    if not found.smoothed.size:
        return Text("the first step already diverges: the data or the initial weights are too large")
    width = min(width, MAX_WIDTH)
    low, high = f"{found.learning_rates[0]:.0e}", f"{found.learning_rates[-1]:.0e}"
    axis = f"{'':{LABEL_WIDTH}}{low}{high:>{max(width - LABEL_WIDTH - len(low), len(high) + 1)}}"
    lines: list[RenderableType] = [
        Text("smoothed loss over the learning rate:", "bold"),
        curves([("cyan", found.smoothed)], width, HEIGHT),
        Text(axis, "dim"),
        Text(f"lowest loss at {found.lowest:.2g}; the recipe's learning rate is {found.current:g}"),
    ]
    if found.suggested is None:
        lines.append(Text(f"no suggestion: the loss stays at {number(found.smoothed[0])} or above"))
    else:
        lines.append(Text(f"suggested learning rate: {found.suggested:g} ({found.rule})", "bold"))
        lines.append(Text(f"nntrain fit {recipe} --set optimizer.lr={found.suggested:g}"))
    return Group(*lines)
