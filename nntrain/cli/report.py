"""``nntrain report``: runs or a comparison as an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, JsonOption, Runs
from nntrain.errors import InputError, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.artifacts.history import History
    from nntrain.report.html.document import Figure

PAGE = "report.html"


def command(
    runs: Runs,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File to write; - for standard output.  [default: report.html, in a single RUN]"
        ),
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="Train a single RUN again, and show its predictions and layers at these epochs, such as 0,1,10.",
        ),
    ] = None,
    code: Code = None,
    json: JsonOption = False,
) -> None:
    """Write an HTML page about runs or a comparison.

    The page is one file that works offline. For runs it shows the results and, by epoch, the losses, the metric, the
    gradient norm and any change of the learning rate; for a single run also all metrics, the baselines, the confusion
    matrix, the calibration, and each layer's gradient norm and dead units; with one feature the fitted curve, with two
    the decision boundary. With --epochs these are shown at several epochs, with histograms of each layer's activations
    and gradients.
    If the network has only one or two parameters, it also shows the loss surface with animated optimizer paths. For a
    comparison it shows the ranking, the result of each seed, the differences with their intervals, and the curves with
    bands from the first to the third quartile. For a comparison on several problems it shows the ranking on each, the
    mean ranks and the performance profile.

    Prints the path of the file, and with --json also its size and which figures are left out.
    """
    from nntrain.artifacts.run_files import NAMES
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import note, print_json, print_text
    from nntrain.comparison.folder import COMPARISON, PROBLEMS, RUNS
    from nntrain.utils.files import write_atomically

    place = out or (runs[0] / PAGE if len(runs) == 1 else Path(PAGE))
    if place.name in (*NAMES, COMPARISON, PROBLEMS, RUNS) and place.parent.resolve() in [run.resolve() for run in runs]:
        raise bad_input(place, "would overwrite a file of the run", "choose another name")
    if json and place == Path("-"):
        raise bad_input("--json", "standard output is for the page", "name another file with --out")
    notes: list[str] = []
    with announce_compiling():
        text = report(runs, notes.append, epochs)
    content = text.encode()
    if place != Path("-"):
        write_atomically(place, content)
    if json:
        print_json({"path": str(place), "bytes": len(content), "notes": notes})
        return
    note(notes)
    print_text(text if place == Path("-") else f"{place}\n")


def report(folders: Sequence[Path], note: Callable[[str], None] = lambda text: None, epochs: str | None = None) -> str:
    """Return the page about runs, or about one comparison.

    Args:
        folders: run directories, or the directory of one comparison.
        note: receives the reason if a figure is left out.
        epochs: comma-separated epochs at which a single run is shown, for which it is trained again.

    Raises:
        InputError: if one is not a finished run, or they have no page in common.
    """
    from nntrain.comparison.folder import PROBLEMS, is_comparison

    places = [folder.resolve() for folder in folders]
    for place in (*folders, *places):
        try:
            str(place).encode()  # the page is UTF-8
        except UnicodeEncodeError:
            raise bad_input(ascii(str(place)), "the name of this directory is not UTF-8", "rename it") from None
    twice = next((folder for folder, place in zip(folders, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise bad_input(twice, "is given twice", "name each run once")
    comparison = next((folder for folder in folders if is_comparison(folder)), None)
    if epochs is not None and (comparison is not None or len(folders) > 1):
        raise bad_input("--epochs", "trains a run again: needs a single run", "name one run directory")
    if comparison is None:
        return _runs(folders, note, epochs)
    if len(folders) > 1:
        raise bad_input(comparison, "a comparison cannot share a page with other runs", "name only this directory")
    name = comparison.resolve().name
    if (comparison / PROBLEMS).is_file():
        from nntrain.comparison.across_record import read_across
        from nntrain.report.html.across import across_page

        return across_page(read_across(comparison), name)
    from nntrain.comparison.record import read_comparison
    from nntrain.report.html.comparison import comparison_page

    return comparison_page(read_comparison(comparison), name)


def _runs(folders: Sequence[Path], note: Callable[[str], None], epochs: str | None) -> str:
    from nntrain.artifacts.history import read_history
    from nntrain.report.html.runs import runs_page

    runs = [read_history(folder) for folder in folders]
    if len({run.metric for run in runs}) > 1:
        raise bad_input(
            "report", "cannot put classification and regression runs on one page", "write one page for each"
        )
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    try:
        surface = _surface(runs, names)
    except InputError as error:
        surface = None
        note(f"no loss surface: {error}")
    figures = [] if surface is None else [surface]
    if len(runs) == 1:
        from nntrain.cli.views import run_figures

        figures += run_figures(runs[0], note, epochs)
    return runs_page(runs, names, figures)


def _surface(runs: Sequence[History], names: Sequence[str]) -> Figure | None:
    """Return the loss surface with the paths of the runs; None if the network has more than two parameters.

    Raises:
        InputError: if their data have changed or cannot be read, or the runs differ in their loss.
    """
    import numpy as np

    from nntrain.diagnostics.loss_surface import MAX_WEIGHTS, losses_at, near, path_of, same_surface, surface

    if not all(0 < len(run.summary["parameters"] or ()) <= MAX_WEIGHTS for run in runs):
        return None
    from nntrain.cli.loading import load_plan
    from nntrain.optimizers.gradient_free import Search
    from nntrain.recipe.files import check_pinned
    from nntrain.report.html.surface import RunPath, surface_figure

    for run in runs:
        check_pinned(run.recipe, run.folder)
    plans = [load_plan(str(run.folder / "recipe.yaml"), []).plan for run in runs]
    if not all(same_surface(plans[0], plan) for plan in plans[1:]):
        raise bad_input("report", "the runs differ in their data, loss or network")
    paths = []
    for run, name, plan in zip(runs, names, plans, strict=True):
        points = path_of(plan, run.parameters, run.summary["final"].get("train", {}).get("loss"))
        searched = isinstance(plan.optimizer, Search) and len(points) > 1
        paths.append(RunPath(name, points[1:] if searched else points, start=int(searched), searched=searched))
    losses = [losses_at(plans[0], path.points) for path in paths]
    shown = [
        path.points if path.searched else path.points[near(loss)] for path, loss in zip(paths, losses, strict=True)
    ]
    return surface_figure(surface(plans[0], np.concatenate(shown)), paths, losses)
