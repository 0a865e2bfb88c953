"""The page about optimizers on a loss surface."""

from collections.abc import Sequence
from html import escape

import numpy as np

from nntrain.comparison.paths import Contender
from nntrain.diagnostics.loss_surface import Surface
from nntrain.report.html.document import document, run_button, table
from nntrain.report.html.surface import RunPath, surface_figure
from nntrain.report.surface_tables import result, settings_text


def contest_page(
    title: str, surface: Surface, contenders: Sequence[Contender], about: str, notes: Sequence[str]
) -> str:
    """Return the page: results, and the surface with animated paths."""
    runs, losses = [], []
    for number, one in enumerate(contenders):
        for start, path in enumerate(one.paths, start=1):
            label = one.name if len(one.paths) == 1 else f"{one.name}, start {start}"
            runs.append(RunPath(label, path.points, searched=one.searches, group=number))
            losses.append(path.losses)
    order = sorted(range(len(contenders)), key=lambda i: float(np.median(contenders[i].results)))
    rows = [
        [run_button(i, contenders[i].name), escape(settings_text(contenders[i])), *_losses(contenders[i])]
        for i in order
    ]
    heads = [("", "optimizer"), ("", "settings"), ("loss", "median"), ("loss", "best"), ("loss", "worst")]
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    before = f'<p>{escape(about)}</p>{table(heads, rows, text=(0, 1)) if rows else ""}<ul class="plain">{listed}</ul>'
    return document(title, before, [surface_figure(surface, runs, losses, "step")], "")


def _losses(one: Contender) -> list[str]:
    return [result(float(value)) for value in (np.median(one.results), one.results.min(), one.results.max())]
