"""Layer statistics as a table with a histogram of the activations, and the findings."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from nntrain.diagnostics.causes import Finding
from nntrain.diagnostics.curvature import Curvature
from nntrain.diagnostics.layers import LayerStats, NetworkStats
from nntrain.errors import counted
from nntrain.report.fitting import Column, fitted, has_room
from nntrain.report.numbers import number, percent, short

BARS = " ▁▂▃▄▅▆▇█"


def layers_table(
    stats: NetworkStats, curvature: Curvature | None, found: Sequence[Finding], width: int
) -> RenderableType:
    """Return one row per layer, and the findings below; ``width`` is in columns of the terminal."""
    columns = _columns(stats, bins=1)
    table = fitted(columns if has_room(columns, width) else _columns(stats, bins=2), width)
    rows = counted(stats.rows, "row")
    head = Text(f"{rows}, loss {number(stats.loss)}, gradient norm {number(stats.gradient_norm)}\n")
    listed = [part for one in found for part in (Text(one.text, "bold yellow"), Padding(one.advice, (0, 0, 0, 2)))]
    curved = [] if curvature is None else [Text(f"\n{_curvature_text(curvature)}")]
    return Group(head, table, *curved, Text(), *(listed or [Text("no problems found", "green")]))


def _columns(stats: NetworkStats, bins: int) -> list[Column]:
    """Return the columns of the table; ``bins``: histogram bins per character."""
    layers = stats.layers
    found = [
        Column("layer", [layer.label for layer in layers], right=False),
        Column("z mean", [short(layer.z_mean) for layer in layers], drop=5),
        Column("z std", [short(layer.z_deviation) for layer in layers], drop=4),
        Column("mean", [short(layer.mean) for layer in layers], drop=1),
        Column("std", [short(layer.deviation) for layer in layers]),
        Column("flat", [percent(layer.flat) for layer in layers]),
        Column("stuck", [percent(layer.stuck) for layer in layers]),
        Column("dL/dz", [short(layer.delta) for layer in layers]),
        Column("gradient norm", [number(layer.gradient_norm) for layer in layers], drop=3),
    ]
    if stats.span is not None:
        bars = [Text(_bars(layer, bins), "cyan") for layer in layers]
        found.append(Column(_axis(stats.span, bars[0]), bars, right=False, drop=2, name="histogram"))
    return found


def _curvature_text(curvature: Curvature) -> str:
    ends = [0.0 if abs(end) <= curvature.error else end for end in (curvature.smallest, curvature.largest)]
    text = f"curvature: the eigenvalues of the Hessian range from {number(ends[0])} to {number(ends[1])}"
    if curvature.condition is not None:
        text += f", condition number {number(curvature.condition)}"
    if curvature.largest_lr is not None:
        text += f"; plain gradient descent is stable below a learning rate of {number(curvature.largest_lr)}"
    return text


def _axis(span: tuple[float, float], bars: Text) -> str:
    """Return the heading of the histograms: the ends of their common range."""
    low, high = (short(end) for end in span)
    return f"{low}{high:>{max(len(bars) - len(low), len(high) + 1)}}"


def _bars(layer: LayerStats, bins: int) -> str:
    """Return a histogram with one character per ``bins`` bins."""
    counts = [sum(layer.histogram[i : i + bins]) for i in range(0, len(layer.histogram), bins)]
    most = max(counts, default=0) or 1
    return "".join(BARS[-(-count * (len(BARS) - 1) // most)] for count in counts)
