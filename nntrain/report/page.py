"""Runs as a page of HTML that needs nothing else: no network, no library; charts are SVG, and follow light and dark."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

import nntrain
from nntrain.artifacts.history import History, or_nan
from nntrain.recipe.document import dump_document
from nntrain.recipe.schema import to_data
from nntrain.report.charts import Line, chart, colour, dash
from nntrain.report.numbers import duration, number
from nntrain.report.summary import WHY, metric_name
from nntrain.report.surface import SCRIPT
from nntrain.training.events import Stopped

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --pale: #c9d0da; --paper: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --pale: #46505f; --paper: #14181f; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 1200px; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid var(--pale); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } .ends { list-style: none; padding: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; } small { font-weight: 400; opacity: .7; }
svg { width: 100%; height: auto; font-size: 12px; } svg text { fill: var(--ink); }
svg path, svg polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; } svg polyline { stroke-width: 2; }
svg polyline.under { stroke: #ffffff; stroke-width: 4; }
svg circle { stroke: #ffffff; stroke-width: 1.5; }
.grid { stroke: var(--pale); stroke-width: .6; } .axis { stroke: var(--ink); }
.keys { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .3rem 0; }
.keys svg { width: 26px; vertical-align: middle; } pre { overflow-x: auto; font-size: 13px; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em; }
.surface p { display: flex; gap: .8rem; align-items: center; } .surface input { flex: 1; }
"""


def page(runs: Sequence[History], names: Sequence[str], surface: str = "") -> str:
    """Return the page.

    Args:
        runs: at least one.
        names: what they are called.
        surface: a figure of the loss over two parameters; empty if there is none.
    """
    title = ", ".join(names) if len(names) < 4 else f"{len(names)} runs"
    recipes = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(dump_document(to_data(run.recipe)))}</pre></details>"
        for run, name in zip(runs, names, strict=True)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="nntrain {nntrain.__version__}">'
        f"<title>{escape(title)} · nntrain</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f'{_results(runs, names)}<h2>Curves</h2><div class="charts">{surface}{"".join(_charts(runs, names))}</div>'
        f"<h2>Recipes</h2>{recipes}{f'<script>{SCRIPT}</script>' if surface else ''}</body></html>\n"
    )


def _results(runs: Sequence[History], names: Sequence[str]) -> str:
    """Return the table of what the runs came to, and below it how each ended."""
    parts = [part for part in ("train", "validation", "test") if any(part in run.summary for run in runs)]
    heads = [f"{part} {what}" for part in parts for what in ("loss", metric_name(runs[0].metric))]
    rows, ends = [], []
    for index, (run, name) in enumerate(zip(runs, names, strict=True)):
        summary = run.summary
        scores = [summary.get(part, {}).get(key) for part in parts for key in ("loss", run.metric)]
        swatch = f'<span class="swatch" style="background:{colour(index)}"></span>' if len(runs) > 1 else ""
        cells = "".join(f"<td>{number(score)}</td>" for score in scores)
        facts = f"<td>{summary['epochs']:,}</td><td>{duration(summary['seconds'])}</td>"
        rows.append(f"<tr><td>{swatch}{escape(name)}</td>{cells}{facts}</tr>")
        told = f"{swatch}{escape(name)}: " if len(runs) > 1 else ""
        ends.append(f"<li>{told}{escape(WHY[Stopped(summary['stopped'])])}; {escape(summary['verdict'])}</li>")
    head = "".join(f"<th>{escape(text)}</th>" for text in ["run", *heads, "epochs", "time"])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'{table}<ul class="ends">{"".join(ends)}</ul>'


def _charts(runs: Sequence[History], names: Sequence[str]) -> list[str]:
    one = len(runs) == 1
    metric = metric_name(runs[0].metric)
    shown = []
    losses = []
    for index, (run, name) in enumerate(zip(runs, names, strict=True)):
        told = "" if one else f"{name}, "
        validation = run.column("validation_loss")[:, 0]
        has = bool(np.isfinite(validation).any())
        train = f"{told}training" if one or has else name
        losses.append(
            Line(train, _epochs(run), run.column("train_loss")[:, 0], colour(index), "5 4" if has else dash(index))
        )
        losses.append(
            Line(f"{told}validation", _epochs(run), validation, colour(index + 1 if one else index), dash(index))
        )
    shown.append(chart("loss", losses, by_ratio=True))
    for key, title, by_ratio in (
        (f"validation_{runs[0].metric}", f"{metric} on the validation part", False),
        ("gradient_norm", "norm of the gradient", True),
        ("learning_rate", "learning rate", True),
        ("clipped", "share of the steps whose gradient was clipped", False),
    ):
        numbered = enumerate(zip(runs, names, strict=True))
        lines = [Line(name, _epochs(run), run.column(key)[:, 0], colour(i), dash(i)) for i, (run, name) in numbered]
        if key != "learning_rate" or any(np.ptp(line.y) > 0 for line in lines if line.y.size):
            shown.append(chart(title, lines, by_ratio))
    if one:
        shown += _layers(runs[0])
    return shown


def _layers(run: History) -> list[str]:
    """Return charts with a line for each layer of a run."""
    measured = [line for line in run.lines if line.get("layers")]
    labels = [layer["label"] for layer in run.summary["layers"]]
    epochs = np.array([line["epoch"] for line in measured], np.float64)
    shown = []
    for key, title in (("gradient_norm", "norm of each layer's gradient"), ("dead", "share of dead units")):
        values = [[or_nan(layer[key]) for layer in line["layers"]] for line in measured]
        table: NDArray[np.float64] = np.array(values, np.float64).reshape(len(measured), len(labels))
        lines = [Line(name, epochs, table[:, i], colour(i), dash(i)) for i, name in enumerate(labels)]
        if key == "gradient_norm" or np.nansum(table) > 0:
            shown.append(chart(title, lines, by_ratio=key == "gradient_norm"))
    return shown


def _epochs(run: History) -> NDArray[np.float64]:
    return run.column("epoch")[:, 0]
