"""``nntrain plot``: charts in the terminal, or as picture files for slides."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption, Settings
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.artifacts.views import View
    from nntrain.registry import Component
    from nntrain.report.html.lines import LineChart


class Kind(StrEnum):
    """What can be plotted."""

    ACTIVATIONS = "activations"
    SCHEDULES = "schedules"
    CURVES = "curves"
    COMPARISON = "comparison"
    PROFILE = "profile"
    CAPACITY = "capacity"
    LOSSES = "losses"
    FIT = "fit"
    BOUNDARY = "boundary"
    NOISE = "noise"


VIEWS = (Kind.FIT, Kind.BOUNDARY)


def command(
    what: Annotated[Kind, typer.Argument(metavar="WHAT", help="Kind of chart.", show_default=False)],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|RUN",
            help="Activations or schedules by name (all by default), runs, a comparison's directory, or a recipe.",
            show_default=False,
            autocompletion=completion.plotted,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Picture to write: .svg, .png, .pdf, .gif or .tex."),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=2, metavar="N", help="Number of steps for which schedules are drawn.")
    ] = 1000,
    epochs: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="fit, boundary: train again, and draw these epochs too, such as 0,1,10."),
    ] = None,
    settings: Settings = None,
    code: Code = None,
    dark: Annotated[bool, typer.Option("--dark", help="Draw the picture on a dark background.")] = False,
    json: JsonOption = False,
) -> None:
    """Plot functions, schedules, runs, or what a network learned.

    activations: each function f(z) with its derivative f'(z).

    schedules: the factor of the learning rate by step, and which Robbins-Monro conditions hold if training never ends
    (the sum of the learning rates is infinite, the sum of their squares is finite).

    curves: losses, metric, gradient norm and learning rate of finished runs. comparison: the median curves of a
    comparison's variants, with bands from the first to the third quartile. capacity: training and validation loss
    against the one key that a comparison varies, such as model.hidden. losses: histograms of the final losses of a
    comparison's runs, one for each seed. profile: of a comparison on several problems, how many each variant solves,
    by the factor of the fastest variant's steps.

    fit, boundary: what a run, a model or a recipe (which is trained first) predicts, over one feature as a curve, and
    over two features as regions of classes. noise: how far the gradient of a mini-batch is from that of all samples,
    by batch size.

    Charts are drawn in the terminal, or with -o into a picture file, whose path is printed: .svg, .png and .pdf need
    nntrain[plot]. fit and boundary with --epochs are also drawn as an animation (.gif), charts as LaTeX code for the
    package pgfplots (.tex).

    --json prints the numbers of the charts instead of drawing them; with -o, the picture is written too.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table, print_text
    from nntrain.utils.files import write_atomically

    kind = "" if out is None else _format(out, what)
    if what not in VIEWS and (epochs is not None or (settings and what is not Kind.NOISE)):
        raise bad_input(f"plot {what.value}", "takes neither --epochs nor --set", "they are for fit and boundary")
    with announce_compiling():
        if what in VIEWS:
            from nntrain.cli.views import load_view

            seen = load_view(what.value, names or [], settings or [], epochs)
            if kind == "gif" and len(seen.frames) == 1:
                raise bad_input(f"--out {out}", "a single frame is no animation", "add epochs, as in --epochs 0,1,10")
        else:
            charts = plot(what, names or [], steps, settings or [])
    if out is not None:
        write_atomically(out, _picture(seen if what in VIEWS else charts, kind, dark))
    if json:
        numbers = seen.to_json() if what in VIEWS else {"charts": [chart.to_json() for chart in charts]}
        print_json({"plot": what.value, "path": None if out is None else str(out), **numbers})
    elif out is not None:
        print_text(f"{out}\n")
    else:
        from nntrain.report.terminal_charts import charts_text
        from nntrain.report.view_chart import view_chart

        width = stdout_console().width
        print_table(view_chart(seen, width) if what in VIEWS else charts_text(charts, width))


def plot(what: Kind, names: Sequence[str], steps: int = 1000, settings: Sequence[str] = ()) -> list[LineChart]:
    """Return the charts.

    Args:
        what: kind of chart.
        names: activations or schedules, as in a recipe, none for all; run directories, or that of one comparison.
        steps: length of the run that schedules are drawn for.
        settings: overrides of a recipe's keys, for noise.

    Raises:
        InputError: if a name is unknown, or a directory holds no finished run or comparison.
    """
    if what in (Kind.ACTIVATIONS, Kind.SCHEDULES):
        return _functions(what, names, steps)
    if not names:
        examples = {Kind.CURVES: "a run directory, such as runs/digits", Kind.NOISE: "a recipe, a run or a model"}
        what_kind = "name" if what is Kind.NOISE else "directory"
        example = examples.get(what, "the directory of a comparison")
        raise bad_input(f"plot {what.value}", f"needs a {what_kind}", f"name {example}")
    if what is Kind.NOISE:
        from nntrain.cli.views import noise_chart

        return noise_chart(names, settings)
    if what is Kind.CURVES:
        from nntrain.artifacts.history import read_history
        from nntrain.report.html.runs import charts

        runs = [read_history(Path(name)) for name in names]
        if len({run.metric for run in runs}) > 1:
            raise bad_input("plot curves", "cannot draw classification and regression runs together", "make two plots")
        return charts(runs, [Path(name).resolve().name for name in names])
    from nntrain.comparison.record import read_comparison
    from nntrain.report.html.comparison import comparison_curves

    if len(names) > 1:
        raise bad_input(f"plot {what.value}", f"found {len(names)} directories", "name one comparison")
    if what is Kind.PROFILE:
        from nntrain.comparison.across_record import read_profile, read_record
        from nntrain.report.across_charts import profile_chart

        return profile_chart(read_profile(read_record(Path(names[0]))))
    from nntrain.report.comparison_charts import capacity_chart, loss_histograms

    draw = {Kind.CAPACITY: capacity_chart, Kind.LOSSES: loss_histograms}.get(what, comparison_curves)
    return draw(read_comparison(Path(names[0])))


def _picture(drawn: View | list[LineChart], kind: str, dark: bool) -> bytes:
    """Return the content of a picture file."""
    if not isinstance(drawn, list):
        from nntrain.report.view_picture import view_picture

        return view_picture(drawn, kind, dark)
    if kind == "tex":
        from nntrain.report.pgfplots import as_tex

        return as_tex(drawn).encode()
    from nntrain.report.picture_files import picture

    return picture(drawn, kind, dark)


def _functions(what: Kind, names: Sequence[str], steps: int) -> list[LineChart]:
    from nntrain.activations import Activation
    from nntrain.cli.loading import parse_activation, parse_schedule
    from nntrain.registry import members
    from nntrain.report.function_charts import activation_charts, schedule_charts
    from nntrain.schedules import Schedule

    if what is Kind.ACTIVATIONS:
        return activation_charts([parse_activation(name) for name in names or members(Activation)])
    everything = [_with_required(kind, steps // 4) for kind in members(Schedule).values()]
    return schedule_charts([parse_schedule(text) for text in names or everything], steps)


def _with_required(kind: type[Component], count: int) -> str:
    """Return a component as in a recipe, with a count for each of its required keys."""
    required = [key for key, field in kind.model_fields.items() if field.is_required()]
    keys = {"name": kind.model_fields["name"].default, **dict.fromkeys(required, count)}
    return f"{{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}"


def _format(out: Path, what: Kind) -> str:
    """Return the format of a picture file by its suffix."""
    from nntrain.report.picture_files import FORMATS

    kind, known = out.suffix.removeprefix(".").lower(), (*FORMATS, "gif" if what in VIEWS else "tex")
    if kind not in known:
        allowed = ", ".join(f".{one}" for one in known)
        raise bad_input(
            f"--out {out}", f"plot {what.value} does not write this format", f"use a file name with {allowed}"
        )
    return kind
