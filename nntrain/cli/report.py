"""``nntrain report``: runs, or a comparison, as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Runs
from nntrain.errors import InputError, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.artifacts.history import History
    from nntrain.report.html.document import Figure

PAGE = "report.html"


def command(
    runs: Runs,
    out: Annotated[
        Path | None, typer.Option(help="File to write; - for standard output.  [default: report.html, in a single RUN]")
    ] = None,
) -> None:
    """Write runs, or a comparison, as a page of HTML with figures.

    One file that needs no network. Of runs: results, and by epoch the losses, the metric, the norm of the gradient and
    the learning rate where it changes; of a single run also each layer's gradient and dead units. Of runs of one
    network with one or two parameters also the training loss over these, with the paths of the runs, which can be
    played. Of a comparison: the ranking, each seed's result, the differences with their intervals, and the curves with
    bands from the first to the third quartile.

    Standard output gets the file's path.
    """
    from nntrain.artifacts.run_folder import NAMES
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import note, print_text
    from nntrain.comparison.folder import COMPARISON, RUNS
    from nntrain.utils.files import write_atomically

    place = out or (runs[0] / PAGE if len(runs) == 1 else Path(PAGE))
    if place.name in (*NAMES, COMPARISON, RUNS) and place.parent.resolve() in [run.resolve() for run in runs]:
        raise bad_input(place, "is a file of the run itself", "choose another name")
    with compiling_said():
        text = report(runs, lambda text: note([text]))
    if place == Path("-"):
        print_text(text)
        return
    write_atomically(place, text.encode())
    print_text(f"{place}\n")


def report(folders: Sequence[Path], note: Callable[[str], None] = lambda text: None) -> str:
    """Return the page of the runs in ``folders``, or of the comparison in the only one.

    ``note`` is told why the loss over the parameters is left out.

    Raises:
        InputError: if one is no run that has ended, they are of classes and of numbers, or comparisons among them.
    """
    from nntrain.comparison.folder import is_comparison

    places = [folder.resolve() for folder in folders]
    for place in (*folders, *places):
        try:
            str(place).encode()  # it is to stand in the page
        except UnicodeEncodeError:
            raise bad_input(ascii(str(place)), "the name of this directory is not UTF-8", "rename it") from None
    twice = next((folder for folder, place in zip(folders, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise bad_input(twice, "is named twice", "once is enough")
    comparison = next((folder for folder in folders if is_comparison(folder)), None)
    if comparison is None:
        return _runs(folders, note)
    if len(folders) > 1:
        raise bad_input(comparison, "is a comparison, which has a page of its own", "name it alone")
    from nntrain.comparison.record import read_comparison
    from nntrain.report.html.comparison import comparison_page

    return comparison_page(read_comparison(comparison), comparison.resolve().name)


def _runs(folders: Sequence[Path], note: Callable[[str], None]) -> str:
    from nntrain.artifacts.history import read_history
    from nntrain.report.html.runs import runs_page

    runs = [read_history(folder) for folder in folders]
    if len({run.metric for run in runs}) > 1:
        raise bad_input("report", "runs of classes and of numbers have no curves in common", "write a page for each")
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    try:
        surface = _surface(runs, names)
    except InputError as error:
        surface = None
        note(f"without the loss over the parameters: {error}")
    return runs_page(runs, names, [] if surface is None else [surface])


def _surface(runs: Sequence[History], names: Sequence[str]) -> Figure | None:
    """Return a figure of the loss of networks with one or two parameters, None of larger ones.

    Raises:
        InputError: if their data cannot be read any more or are others, or the runs have no loss in common.
    """
    import numpy as np

    from nntrain.diagnostics.loss_surface import MOST, losses_at, near, path_of, same_surface, surface

    if not all(0 < len(run.summary["parameters"] or ()) <= MOST for run in runs):
        return None
    from nntrain.cli.show import show
    from nntrain.optimizers.gradient_free import Search
    from nntrain.recipe.build import check_pinned
    from nntrain.report.html.surface import Walk, surface_figure

    for run in runs:
        check_pinned(run.recipe, run.folder)
    plans = [show(str(run.folder / "recipe.yaml"), []).plan for run in runs]
    if not all(same_surface(plans[0], plan) for plan in plans[1:]):
        raise bad_input("report", "the runs differ in their data, loss or network")
    walks = []
    for run, name, plan in zip(runs, names, plans, strict=True):
        path = path_of(plan, run.parameters, run.summary["final"].get("train", {}).get("loss"))
        searched = isinstance(plan.optimizer, Search) and len(path) > 1
        walks.append(Walk(name, path[1:] if searched else path, start=int(searched), searched=searched))
    losses = [losses_at(plans[0], walk.points) for walk in walks]
    shown = [
        walk.points if walk.searched else walk.points[near(loss)] for walk, loss in zip(walks, losses, strict=True)
    ]
    return surface_figure(surface(plans[0], np.concatenate(shown)), walks, losses)
