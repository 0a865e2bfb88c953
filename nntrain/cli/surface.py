"""``nntrain surface``: a loss over two weights with the paths of optimizers, or a slice through a larger network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, FormatOption, JsonOption, Settings, TableFormat
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.cli.surfaces import Pictured


def command(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FUNCTION|RECIPE|RUN...",
            help="Test function (see nntrain list functions), recipe, run or model; or two runs of one recipe.",
            show_default=False,
            autocompletion=completion.targets,
        ),
    ],
    settings: Settings = None,
    code: Code = None,
    optimizers: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Comma-separated, such as 'adam,{name: sgd, lr: 0.001}'.  [default: sgd, momentum, adam, lbfgs]",
            autocompletion=completion.names_of("optimizer"),
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="N", help="Evaluations of the gradient for each optimizer.")
    ] = 300,
    start: Annotated[
        list[str] | None, typer.Option("--start", metavar="W1,W2", help="Initial weights. Repeatable.")
    ] = None,
    starts: Annotated[
        int | None, typer.Option(min=1, max=100, metavar="N", help="Start from N points, most of them random.")
    ] = None,
    noise: Annotated[
        float, typer.Option(min=0, metavar="STD", help="Standard deviation of the gradient's noise, for functions.")
    ] = 0.0,
    tune: Annotated[int, typer.Option(min=0, max=1000, metavar="N", help="Tuning trials per optimizer.")] = 0,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of random starts, trials, noise and directions.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Page or picture to write: .html; .svg, .png, .pdf, .gif with nntrain[plot].",
        ),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Draw the picture on a dark background.")] = False,
    form: FormatOption = TableFormat.TABLE,
    json: JsonOption = False,
) -> None:
    """Draw a loss surface with the paths of optimizers.

    A test function, or a recipe whose network has one or two parameters, is drawn with the path of each optimizer, from
    the same starts and with the same number of gradient evaluations. Learning rates are those given, or the optimizers'
    defaults, which suit some functions and not others; with --tune N each optimizer gets the best of N quasi-random
    trials, and the result says so. Nothing is clipped: a path that leaves the picture or diverges is reported.

    A larger network (RUN, MODEL, or a recipe with its initial weights) is drawn as a slice through its training loss
    along two random directions, normalized by filter. Two runs of one recipe are drawn as the loss on the line between
    their weights.

    With one parameter, arrows show which way the derivative's sign sends it.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table, print_text, table_width
    from nntrain.cli.slices import slice_of
    from nntrain.cli.surfaces import contest

    kind = "" if out is None else _format(out)
    with announce_compiling():
        options = (settings or [], optimizers, steps, start or [], starts, noise, tune, seed)
        found = slice_of(what, settings or [], seed, optimizers) or contest(what[0], *options)
    if out is not None:
        _write(out, kind, found, dark)
    if json:
        print_json(found.to_json())
        return
    from rich.console import Group

    from nntrain.report.surface_chart import surface_chart
    from nntrain.report.surface_tables import surface_text

    table = surface_text(found.contenders, found.about, found.notes, table_width(form))
    if form is not TableFormat.TABLE:
        print_table(table, form)
    elif out is not None:
        print_table(table)
        print_text(f"{out}\n")
    else:
        chart = surface_chart(found.surface, found.paths, found.minima, stdout_console().width)
        print_table(Group(chart, "", table))


def _format(out: Path) -> str:
    from nntrain.report.picture_files import FORMATS

    kind = out.suffix.removeprefix(".").lower()
    if kind not in (*FORMATS, "gif", "html"):
        allowed = ", ".join(f".{known}" for known in ("html", *FORMATS, "gif"))
        raise bad_input(f"--out {out}", "not a supported format", f"use a file name with {allowed}")
    return kind


def _write(out: Path, kind: str, found: Pictured, dark: bool) -> None:
    from nntrain.utils.files import write_atomically

    names: Sequence[str] = [one.name for one in found.contenders]
    if kind == "html":
        from nntrain.report.html.contest import contest_page

        content = contest_page(found.title, found.surface, found.contenders, found.about, found.notes).encode()
    else:
        from nntrain.report.surface_picture import surface_picture

        paths = list(zip(names, found.paths, strict=True))
        content = surface_picture(found.surface, paths, found.minima, kind, dark)
    write_atomically(out, content)
