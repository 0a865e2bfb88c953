"""``nntrain report``: runs as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.artifacts.history import History

PAGE = "report.html"


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Directories of runs.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="File to write; - for standard output.  [default: report.html, in a single RUN]")
    ] = None,
) -> None:
    """Write runs as a page of HTML, with curves.

    One file that needs no network: results, and by epoch the losses, the metric, the norm of the gradient, the learning
    rate where it changes; of a single run also each layer's gradient and dead units. Of runs of one network with two
    parameters, the loss over these as a surface, with the ways of the runs over it, which can be played.

    Standard output gets the file's path.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import print_text
    from nntrain.files import write_atomically

    with compiling_said():
        text = report(runs)
    if out == Path("-"):
        print_text(text)
        return
    place = out or (runs[0] / PAGE if len(runs) == 1 else Path(PAGE))
    write_atomically(place, text.encode())
    print_text(f"{place}\n")


def report(folders: Sequence[Path]) -> str:
    """Return the page of the runs in ``folders``.

    Raises:
        InputError: if one is no run that has ended, or they are of classes and of numbers.
    """
    from nntrain.artifacts.history import read_history
    from nntrain.report.page import page

    runs = [read_history(folder) for folder in folders]
    if len({run.metric for run in runs}) > 1:
        raise bad_input("report", "runs of classes and of numbers have no curves in common", "write a page for each")
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    return page(runs, names, _surface(runs, names))


def _surface(runs: Sequence[History], names: Sequence[str]) -> str:
    """Return a figure of the loss where all runs share two parameters, data and loss, else nothing."""
    import numpy as np

    if any(len(run.summary["parameters"] or ()) != len("xy") for run in runs):
        return ""
    from nntrain.cli.show import show
    from nntrain.diagnostics.surface import first_parameters, same_surface, surface
    from nntrain.report.surface import surface_figure

    plans = [show(str(run.folder / "recipe.yaml"), []).plan for run in runs]
    if not all(same_surface(plans[0], plan) for plan in plans[1:]):
        return ""
    ways = [
        np.array([first_parameters(plan), *(line["parameters"] for line in run.lines)], np.float64)
        for plan, run in zip(plans, runs, strict=True)
    ]
    return surface_figure(surface(plans[0], ways), names, ways)
