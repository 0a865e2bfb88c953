"""Charts as picture files, drawn by matplotlib: large enough for slides."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from textwrap import fill
from typing import Any

import numpy as np

from nntrain.errors import bad_input
from nntrain.report.html.lines import Line, LineChart

FORMATS = ("svg", "png", "pdf")
COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7F7F7F",
)  # Okabe and Ito: color-blind safe
DASHES = ("-", "--", ":", "-.")
SIZE = (6.4, 4.2)  # inches of a chart
DPI = 200
NOTE_WIDTH = 56  # characters of a line below a title
LOGARITHMIC_RATIO = 20  # of the largest to the smallest value
STYLE = {"font.size": 14, "lines.linewidth": 2.5, "axes.grid": True, "grid.alpha": 0.3, "svg.hashsalt": "nntrain"}


def picture(charts: Sequence[LineChart], kind: str, dark: bool = False) -> bytes:
    """Return a picture of charts.

    Args:
        charts: charts without anything to draw are left out.
        kind: one of FORMATS.
        dark: light lines on a dark background.

    Raises:
        InputError: if matplotlib is not installed, or there is nothing to draw.
    """
    draw, size = _grid(charts)
    return drawn(draw, kind, dark, size)


def figure_of(charts: Sequence[LineChart]) -> Any:
    """Return charts as a matplotlib Figure in matplotlib's current style.

    Raises:
        InputError: if matplotlib is not installed, or there is nothing to draw.
    """
    draw, size = _grid(charts)
    with _style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
    return figure


def _grid(charts: Sequence[LineChart]) -> tuple[Callable[[Any], None], tuple[float, float]]:
    """Return what draws the charts that have anything to draw, in rows and columns, and the size in inches."""
    drawable = [chart for chart in charts if chart.drawable]
    if not drawable:
        raise bad_input("plot", "there is nothing to draw")
    columns = int(np.ceil(np.sqrt(len(drawable))))
    rows = -(-len(drawable) // columns)

    def draw(figure: Any) -> None:
        for number, chart in enumerate(drawable, start=1):
            _draw(figure.add_subplot(rows, columns, number), chart)

    return draw, (SIZE[0] * columns, SIZE[1] * rows)


def drawn(draw: Callable[[Any], None], kind: str, dark: bool, size: tuple[float, float], dpi: float = DPI) -> bytes:
    """Return the file of a figure.

    Args:
        draw: called with matplotlib's Figure.
        kind: one of FORMATS.
        dark: light lines on a dark background.
        size: width and height in inches.
        dpi: pixels per inch of a PNG.

    Raises:
        InputError: if matplotlib is not installed.
    """
    with _style("dark_background" if dark else "default"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        file = io.BytesIO()
        # without a date, the same chart is the same file
        metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
        figure.savefig(file, format=kind, dpi=dpi, metadata=metadata)
    return file.getvalue()


@contextmanager
def _style(name: str | None = None) -> Iterator[None]:
    """Draw with large text and thick lines while entered, in a style of matplotlib's; None: in the current one."""
    try:
        import matplotlib as mpl
        from matplotlib.style import context
    except ImportError:
        raise bad_input("plot", "pictures need matplotlib", "pip install 'nntrain[plot]'") from None
    with context(name) if name else nullcontext(), mpl.rc_context(STYLE):
        yield


def _draw(axes: Any, chart: LineChart) -> None:
    for line in chart.drawable:
        color, dash = COLORS[line.index % len(COLORS)], DASHES[line.index // len(COLORS) % len(DASHES)]
        axes.plot(line.x, line.y, dash, color=color, label=line.label, linewidth=1.2 if line.thin else None)
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=color, alpha=0.2, linewidth=0)
    axes.set_xlabel(chart.x)
    title = [chart.title, *fill(chart.note, NOTE_WIDTH).splitlines()]
    axes.set_title("\n".join(title), fontsize=14)
    if chart.ratio and suits_logarithm(chart.drawable):
        axes.set_yscale("log")
    axes.legend(fontsize=11)


def suits_logarithm(lines: Sequence[Line]) -> bool:
    """Return whether a logarithmic axis is easier to read: positive values, and a large ratio between them."""
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    return bool(values.min() > 0 and values.max() > LOGARITHMIC_RATIO * values.min())
