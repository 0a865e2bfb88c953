"""``nntrain plot``: charts in the terminal, or as picture files for slides."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.registry import Component
    from nntrain.report.html.lines import LineChart


class Kind(StrEnum):
    """What can be plotted."""

    ACTIVATIONS = "activations"
    SCHEDULES = "schedules"
    CURVES = "curves"
    COMPARISON = "comparison"


def command(
    what: Annotated[Kind, typer.Argument(metavar="WHAT", help="Kind of chart.", show_default=False)],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|RUN",
            help="Activations or schedules by name (all by default), run directories, or a comparison's directory.",
            show_default=False,
            autocompletion=completion.plotted,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Picture to write: .svg, .png or .pdf. Needs nntrain[plot]."),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=2, metavar="N", help="Number of steps for which schedules are drawn.")
    ] = 1000,
    dark: Annotated[bool, typer.Option("--dark", help="Draw the picture on a dark background.")] = False,
) -> None:
    """Plot activations, schedules or the curves of runs.

    activations: each function f(z) with its derivative f'(z).

    schedules: the factor of the learning rate by step, and which Robbins-Monro conditions hold if training never ends
    (the sum of the learning rates is infinite, the sum of their squares is finite).

    curves: losses, metric, gradient norm and learning rate of finished runs. comparison: the median curves of a
    comparison's variants, with bands from the first to the third quartile.

    Charts are drawn in the terminal, or with -o into a picture file, whose path is printed.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_table, print_text

    kind = "" if out is None else _format(out)
    with announce_compiling():
        charts = plot(what, names or [], steps)
    if out is None:
        from nntrain.report.terminal_charts import charts_text

        print_table(charts_text(charts, stdout_console().width))
        return
    from nntrain.report.picture_files import picture
    from nntrain.utils.files import write_atomically

    write_atomically(out, picture(charts, kind, dark))
    print_text(f"{out}\n")


def plot(what: Kind, names: Sequence[str], steps: int = 1000) -> list[LineChart]:
    """Return the charts.

    Args:
        what: kind of chart.
        names: activations or schedules, as in a recipe, none for all; run directories, or that of one comparison.
        steps: length of the run that schedules are drawn for.

    Raises:
        InputError: if a name is unknown, or a directory holds no finished run or comparison.
    """
    if what in (Kind.ACTIVATIONS, Kind.SCHEDULES):
        return _functions(what, names, steps)
    if not names:
        example = "a run directory, such as runs/digits" if what is Kind.CURVES else "the directory of a comparison"
        raise bad_input(f"plot {what.value}", "needs a directory", f"name {example}")
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
        raise bad_input("plot comparison", f"found {len(names)} directories", "name one comparison")
    return comparison_curves(read_comparison(Path(names[0])))


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


def _format(out: Path) -> str:
    """Return the format of a picture file by its suffix."""
    from nntrain.report.picture_files import FORMATS

    kind = out.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        allowed = ", ".join(f".{known}" for known in FORMATS)
        raise bad_input(f"--out {out}", "not a supported picture format", f"use a file name with {allowed}")
    return kind
