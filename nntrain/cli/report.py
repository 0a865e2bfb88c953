"""``nntrain report``: runs as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.errors import InputError, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.artifacts.history import History

PAGE = "report.html"


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Directories of runs.", show_default=False)],
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
    from nntrain.artifacts.run_folder import NAMES
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import note, print_text
    from nntrain.files import write_atomically

    place = out or (runs[0] / PAGE if len(runs) == 1 else Path(PAGE))
    if place.name in NAMES and place.parent.resolve() in [run.resolve() for run in runs]:
        raise bad_input(place, "is a file of the run itself", "choose another name")
    with compiling_said():
        text = report(runs, lambda text: note([text]))
    if place == Path("-"):
        print_text(text)
        return
    write_atomically(place, text.encode())
    print_text(f"{place}\n")


def report(folders: Sequence[Path], note: Callable[[str], None] = lambda text: None) -> str:
    """Return the page of the runs in ``folders``; ``note`` is told why a surface is left out.

    Raises:
        InputError: if one is no run that has ended, or they are of classes and of numbers.
    """
    from nntrain.artifacts.history import read_history
    from nntrain.report.page import page

    places = [folder.resolve() for folder in folders]
    twice = next((folder for folder, place in zip(folders, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise bad_input(twice, "is named twice", "once is enough")
    runs = [read_history(folder) for folder in folders]
    if len({run.metric for run in runs}) > 1:
        raise bad_input("report", "runs of classes and of numbers have no curves in common", "write a page for each")
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    try:
        surface = _surface(runs, names)
    except InputError as error:
        surface = ""
        note(f"without a surface, as the data are not what they were: {error}")
    return page(runs, names, surface)


def _surface(runs: Sequence[History], names: Sequence[str]) -> str:
    """Return a figure of the loss where all runs share two parameters, data and loss, else nothing.

    Raises:
        InputError: if their data cannot be read any more, or are others.
    """
    import numpy as np

    if any(len(run.summary["parameters"] or ()) != 2 for run in runs):
        return ""
    from nntrain.cli.show import show
    from nntrain.diagnostics.surface import path_of, same_surface, surface
    from nntrain.report.surface import surface_figure

    plans = [show(str(run.folder / "recipe.yaml"), []).plan for run in runs]
    if not all(same_surface(plans[0], plan) for plan in plans[1:]):
        return ""
    ways = [
        path_of(plan, [line["parameters"] for line in run.lines], run.summary["final"]["train"]["loss"])
        for plan, run in zip(plans, runs, strict=True)
    ]
    ended = [way for run, way in zip(runs, ways, strict=True) if run.summary["diverged"] is None]
    if not all(np.isfinite(way[0]).all() for way in ways):
        return ""
    return surface_figure(surface(plans[0], ended or ways), names, ways)
