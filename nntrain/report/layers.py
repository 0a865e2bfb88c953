"""What goes on in each layer as a table, with a histogram of its activations, and what was found."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from nntrain.diagnostics.causes import Finding
from nntrain.diagnostics.curvature import Curvature
from nntrain.diagnostics.layers import LayerLook, NetworkStats
from nntrain.report.fitting import Column, fitted, has_room
from nntrain.report.numbers import number, share, short

HEIGHTS = " ▁▂▃▄▅▆▇█"


def look_table(look: NetworkStats, curvature: Curvature | None, found: Sequence[Finding], width: int) -> RenderableType:
    """Return the layers, a line each, and below them what was found; ``width``: columns of the terminal."""
    columns = _columns(look, together=1)
    table = fitted(columns if has_room(columns, width) else _columns(look, together=2), width)
    rows = f"{look.rows} row" if look.rows == 1 else f"{look.rows} rows"
    head = Text(f"{rows}, loss {number(look.loss)}, gradient norm {number(look.gradient_norm)}\n")
    told = [part for one in found for part in (Text(one.text, "bold yellow"), Padding(one.advice, (0, 0, 0, 2)))]
    curved = [] if curvature is None else [Text(f"\n{_curved(curvature)}")]
    return Group(head, table, *curved, Text(), *(told or [Text("nothing stands out", "green")]))


def _columns(look: NetworkStats, together: int) -> list[Column]:
    """Return the columns of the table; ``together``: how many parts of a histogram share a character."""
    layers = look.layers
    found = [
        Column("layer", [layer.label for layer in layers], right=False),
        Column("z mean", [short(layer.z_mean) for layer in layers], drop=5),
        Column("z dev", [short(layer.z_deviation) for layer in layers], drop=4),
        Column("mean", [short(layer.mean) for layer in layers], drop=1),
        Column("dev", [short(layer.deviation) for layer in layers]),
        Column("flat", [share(layer.flat) for layer in layers]),
        Column("stuck", [share(layer.stuck) for layer in layers]),
        Column("dL/dz", [short(layer.delta) for layer in layers]),
        Column("gradient norm", [number(layer.gradient_norm) for layer in layers], drop=3),
    ]
    if look.span is not None:
        bars = [Text(_bars(layer, together), "cyan") for layer in layers]
        found.append(Column(_axis(look.span, bars[0]), bars, right=False, drop=2, name="histogram"))
    return found


def _curved(curvature: Curvature) -> str:
    ends = [0.0 if abs(end) <= curvature.error else end for end in (curvature.smallest, curvature.largest)]
    text = f"curvature: the Hessian's eigenvalues lie from {number(ends[0])} to {number(ends[1])}"
    if curvature.condition is not None:
        text += f", condition number {number(curvature.condition)}"
    if curvature.largest_lr is not None:
        text += f"; plain gradient descent needs a learning rate below {number(curvature.largest_lr)}"
    return text


def _axis(span: tuple[float, float], bars: Text) -> str:
    """Return the head of the histograms: where their common range begins and ends."""
    low, high = (short(end) for end in span)
    return f"{low}{high:>{max(len(bars) - len(low), len(high) + 1)}}"


def _bars(layer: LayerLook, together: int) -> str:
    """Return a histogram as one character for so many ``together`` of its parts."""
    counts = [sum(layer.histogram[i : i + together]) for i in range(0, len(layer.histogram), together)]
    most = max(counts, default=0) or 1
    return "".join(HEIGHTS[-(-count * (len(HEIGHTS) - 1) // most)] for count in counts)
