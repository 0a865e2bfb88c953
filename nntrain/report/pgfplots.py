r"""Charts as LaTeX code for the package pgfplots: the text and the fonts of a document, and no file beside it."""

from collections.abc import Sequence

import numpy as np

from nntrain.errors import bad_input
from nntrain.report.formats import escaped
from nntrain.report.html.lines import Line, LineChart, Values, thinned
from nntrain.report.picture_files import COLORS, suits_logarithm

PATTERNS = ("solid", "dashed", "dotted", "dash dot")
PARTS = 100  # that a long line is divided into; up to four points of each are written


def as_tex(charts: Sequence[LineChart]) -> str:
    r"""Return a tikzpicture for each chart with anything to draw, for ``\usepackage{pgfplots}``.

    Raises:
        InputError: if there is nothing to draw.
    """
    drawable = [chart for chart in charts if chart.drawable]
    if not drawable:
        raise bad_input("plot", "there is nothing to draw")
    head = [r"% \usepackage{pgfplots} \pgfplotsset{compat=1.16} \usepgfplotslibrary{fillbetween}"]
    head += [rf"\definecolor{{nntrain{k}}}{{HTML}}{{{color[1:]}}}" for k, color in enumerate(COLORS)]
    return "\n\n".join(["\n".join(head), *map(_picture, drawable)]) + "\n"


def _picture(chart: LineChart) -> str:
    logarithmic = chart.ratio and suits_logarithm(chart.drawable)
    options = [rf"title={{{escaped(chart.title)}}}", rf"xlabel={{{escaped(chart.x)}}}", "grid=major", "no markers"]
    options += ["ymode=log"] if logarithmic else []
    options += ["legend pos=outer north east", "legend cell align=left"]
    lines = [part for number, line in enumerate(chart.drawable) for part in _line(line, number)]
    note = [f"  % {chart.note}"] if chart.note else []
    picture = [rf"\begin{{axis}}[{', '.join(options)}]", *note, *lines, r"\end{axis}"]
    return "\n".join([r"\begin{tikzpicture}", *picture, r"\end{tikzpicture}"])


def _line(line: Line, number: int) -> list[str]:
    """Return the plots of a line and its band."""
    color = f"nntrain{line.index % len(COLORS)}"
    pattern = PATTERNS[line.index // len(COLORS) % len(PATTERNS)]
    width = "thin" if line.thin else "very thick"
    parts = [rf"  \addplot[{color}, {pattern}, {width}] coordinates {{{_points(line, line.y)}}};"]
    parts.append(rf"  \addlegendentry{{{escaped(line.label)}}}")
    if line.low is not None and line.high is not None:
        for name, values in (("low", line.low), ("high", line.high)):
            path = f"name path={name}{number}, draw=none, forget plot"
            parts.append(rf"  \addplot[{path}] coordinates {{{_points(line, values)}}};")
        between = f"low{number} and high{number}"
        parts.append(rf"  \addplot[{color}, opacity=0.2, forget plot] fill between[of={between}];")
    return parts


def _points(line: Line, values: Values) -> str:
    kept = thinned(line.y, PARTS)
    pairs = zip(line.x[kept].tolist(), values[kept].tolist(), strict=True)
    return " ".join(f"({x:.6g},{y:.6g})" for x, y in pairs if np.isfinite(y))
