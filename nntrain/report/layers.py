"""What goes on in each layer as a table, with a histogram of its activations, and what was found."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.causes import Finding
from nntrain.diagnostics.curvature import Curvature
from nntrain.diagnostics.layers import LayerLook, Look
from nntrain.report.numbers import number, share, short

WIDE = 110  # columns of a terminal, from which on there is room for all that is known
NARROW = 78  # columns, below which there is none for a histogram
HEIGHTS = " ▁▂▃▄▅▆▇█"


def look_table(look: Look, curvature: Curvature | None, found: Sequence[Finding], width: int) -> RenderableType:
    """Return the layers, a line each, and below them what was found; ``width``: columns of the terminal."""
    wide = width >= WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", no_wrap=True)
    narrow = width < NARROW
    names = [*(("z mean", "z dev") if wide else ()), *([] if narrow else ["mean"]), "dev", "flat", "stuck", "dL/dz"]
    for name in [*names, *(["gradient norm"] if wide else [])]:
        table.add_column(name, justify="right", no_wrap=True)
    if not narrow:
        table.add_column(_axis(look, wide), no_wrap=True)
    for layer in look.layers:
        table.add_row(
            layer.label,
            *([short(layer.z_mean), short(layer.z_deviation)] if wide else []),
            *([] if narrow else [short(layer.mean)]),
            short(layer.deviation),
            share(layer.flat),
            share(layer.stuck),
            short(layer.delta),
            *([number(layer.gradient_norm)] if wide else []),
            *([] if narrow else [Text(_bars(layer, 1 if wide else 2), "cyan")]),
        )
    rows = f"{look.rows} row" if look.rows == 1 else f"{look.rows} rows"
    head = Text(f"{rows}, loss {number(look.loss)}, gradient norm {number(look.gradient_norm)}\n")
    told = [part for one in found for part in (Text(one.text, "bold yellow"), Padding(one.advice, (0, 0, 0, 2)))]
    curved = [] if curvature is None else [Text(f"\n{_curved(curvature)}")]
    return Group(head, table, *curved, Text(), *(told or [Text("nothing stands out", "green")]))


def _curved(curvature: Curvature) -> str:
    ends = [0.0 if abs(end) <= curvature.error else end for end in (curvature.smallest, curvature.largest)]
    text = f"curvature: the Hessian's eigenvalues lie from {number(ends[0])} to {number(ends[1])}"
    if curvature.condition is not None:
        text += f", condition number {number(curvature.condition)}"
    if curvature.largest_lr is not None:
        text += f"; plain gradient descent needs a learning rate below {number(curvature.largest_lr)}"
    return text


def _axis(look: Look, wide: bool) -> str:
    """Return the head of the histograms: where their common range begins and ends."""
    if look.span is None:
        return ""
    low, high = (short(end) for end in look.span)
    columns = len(look.layers[0].histogram) // (1 if wide else 2)
    return f"{low}{high:>{max(columns - len(low), len(high) + 1)}}"


def _bars(layer: LayerLook, together: int) -> str:
    """Return a histogram as one character for so many ``together`` of its parts."""
    counts = [sum(layer.histogram[i : i + together]) for i in range(0, len(layer.histogram), together)]
    most = max(counts, default=0) or 1
    return "".join(HEIGHTS[-(-count * (len(HEIGHTS) - 1) // most)] for count in counts)
