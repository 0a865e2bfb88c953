"""A page: style, body, the data of its figures, and the scripts that draw them."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import nntrain
from nntrain.utils.json import as_json

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (
    *("elements", "scale", "frame", "tip", "legend", "lines", "player", "paths", "solid", "surface", "rows"),
    *("view", "ridges", "main"),
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"  # the page loads nothing

Figure = Mapping[str, Any]  # kind, title, and whatever its script needs


def document(title: str, before: str, figures: Sequence[Figure], after: str) -> str:
    """Return a page.

    Args:
        title: plain text.
        before: HTML above the figures.
        figures: data of the figures, in order.
        after: HTML below the figures.
    """
    drawn = "".join(_placeholder(number, figure) for number, figure in enumerate(figures))
    script = "".join((ASSETS / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="generator" content="nntrain {nntrain.__version__}"><title>{escape(title)} · nntrain</title>'
        f"<style>{(ASSETS / 'page.css').read_text('utf-8')}</style></head><body><h1>{escape(title)}</h1>"
        f"{before}<noscript><p>The figures need JavaScript, which is disabled.</p></noscript>"
        f'<div class="figures">{drawn}</div>{after}'
        f'<script type="application/json" id="data">{_inside_script(figures)}</script>'
        f'<script>"use strict";\n(() => {{\n{script}}})();</script></body></html>\n'
    )


def _placeholder(number: int, figure: Figure) -> str:
    """Return the element for a figure."""
    wide = ' class="wide"' if figure.get("wide") else ""
    return f'<figure{wide} data-figure="{number}"><figcaption>{escape(figure["title"])}</figcaption></figure>'


def _inside_script(data: Any) -> str:
    """Return data as JSON that is safe inside a script element."""
    return as_json(data).decode().strip().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(
    heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], text: Collection[int], asides: Collection[int] = ()
) -> str:
    """Return a table.

    Args:
        heads: for each column, the heading of its group (empty for none) and its own.
        rows: cells as HTML.
        text: columns of text; the others are numbers.
        asides: rows that are less prominent.
    """
    kinds = [' class="text"' if column in text else "" for column in range(len(heads))]
    body = ""
    for number, cells in enumerate(rows):
        kind = ' class="aside"' if number in asides else ""
        body += f"<tr{kind}>{''.join(f'<td{kind}>{cell}</td>' for kind, cell in zip(kinds, cells, strict=True))}</tr>"
    return f'<div class="scroll"><table><thead>{_head(heads, kinds)}</thead><tbody>{body}</tbody></table></div>'


def _head(heads: Sequence[tuple[str, str]], kinds: Sequence[str]) -> str:
    """Return the head of a table: one row, or two if columns are grouped."""
    grouped = any(group for group, _ in heads)
    above, below = "", ""
    for group, of_group in groupby(zip(heads, kinds, strict=True), lambda column: column[0][0]):
        columns = list(of_group)
        titles = "".join(f"<th{kind}>{escape(title)}</th>" for (_, title), kind in columns)
        if group:
            above += f'<th class="group" colspan="{len(columns)}">{escape(group)}</th>'
            below += titles
        else:
            above += titles.replace("<th", '<th rowspan="2"') if grouped else titles
    return f"<tr>{above}</tr><tr>{below}</tr>" if grouped else f"<tr>{above}</tr>"


def swatch(index: int) -> str:
    """Return the element in which a script draws a sample of a run's or variant's line."""
    return f'<span class="sample" data-color="{color(index)}" data-dash="{dash(index)}"></span>'


def run_button(index: int, name: str) -> str:
    """Return the name of a run as a button that hides or shows it in all figures."""
    return (
        f'<button type="button" class="swatch" data-run="{index}" aria-pressed="true" '
        f'title="hide or show in all figures">{swatch(index)} {escape(name)}</button>'
    )


COLORS = 7  # in the palette of page.css
DASHES = 4  # patterns in elements.js, for lines of the same color


def color(index: int) -> int:
    """Return the palette index for a run, layer or variant."""
    return index % COLORS


def dash(index: int) -> int:
    """Return its dash pattern; patterns repeat after COLORS * DASHES lines."""
    return index // COLORS % DASHES
