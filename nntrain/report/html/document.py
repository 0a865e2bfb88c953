"""The frame of a page: style, body, the data of its figures and the scripts that draw them."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import nntrain
from nntrain.utils.json import as_json

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("elements", "scale", "frame", "tip", "legend", "lines", "player", "paths", "surface", "rows", "main")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"  # nothing is ever fetched

Figure = Mapping[str, Any]  # with its kind, its title and what its script asks for


def document(title: str, before: str, figures: Sequence[Figure], after: str) -> str:
    """Return a page.

    Args:
        title: plain text.
        before: HTML above the figures.
        figures: in their order.
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
        f"{before}<noscript><p>The figures are drawn by JavaScript, which is switched off.</p></noscript>"
        f'<div class="figures">{drawn}</div>{after}'
        f'<script type="application/json" id="data">{_inside_script(figures)}</script>'
        f'<script>"use strict";\n(() => {{\n{script}}})();</script></body></html>\n'
    )


def _placeholder(number: int, figure: Figure) -> str:
    """Return the element that a figure is drawn into."""
    wide = ' class="wide"' if figure.get("wide") else ""
    return f'<figure{wide} data-figure="{number}"><figcaption>{escape(figure["title"])}</figcaption></figure>'


def _inside_script(data: Any) -> str:
    """Return data as JSON that cannot end the script it stands in."""
    return as_json(data).decode().strip().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(
    heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], text: Collection[int], asides: Collection[int] = ()
) -> str:
    """Return a table.

    Args:
        heads: of each column the group it belongs to, which stands above it (empty for none), and its title.
        rows: cells, which are HTML already.
        text: which columns are text; the others are numbers.
        asides: which rows matter less than the others.
    """
    kinds = [' class="text"' if column in text else "" for column in range(len(heads))]
    body = ""
    for number, cells in enumerate(rows):
        kind = ' class="aside"' if number in asides else ""
        body += f"<tr{kind}>{''.join(f'<td{kind}>{cell}</td>' for kind, cell in zip(kinds, cells, strict=True))}</tr>"
    return f'<div class="scroll"><table><thead>{_head(heads, kinds)}</thead><tbody>{body}</tbody></table></div>'


def _head(heads: Sequence[tuple[str, str]], kinds: Sequence[str]) -> str:
    """Return the head of a table: a row, or two where columns have groups."""
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
    """Return the place of a sample of a run's or a variant's line, which a script draws as it draws the legends."""
    return f'<span class="sample" data-colour="{colour(index)}" data-dash="{dash(index)}"></span>'


def run_button(index: int, name: str) -> str:
    """Return the name of a run as a button that hides and shows it in all figures."""
    return (
        f'<button type="button" class="swatch" data-run="{index}" aria-pressed="true" '
        f'title="hide or show in all figures">{swatch(index)} {escape(name)}</button>'
    )


COLOURS = 7  # of the palette in page.css
DASHES = 4  # patterns, in elements.js, that tell lines of one colour apart


def colour(index: int) -> int:
    """Return which colour of the palette a run, a layer or a variant has."""
    return index % COLOURS


def dash(index: int) -> int:
    """Return which dashes it has; beyond COLOURS * DASHES lines they repeat."""
    return index // COLOURS % DASHES
