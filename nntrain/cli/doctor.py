"""``nntrain doctor``: why a recipe trains badly, and the edit that repairs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, JsonOption, Recipe, Settings
from nntrain.errors import Status, bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.doctor.report import Report

BudgetOption = Annotated[str, typer.Option(metavar="TIME", help="Time for all experiments, as in 90, 30s or 5m.")]


def command(
    recipe: Recipe,
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OUT.yaml]", help="With --fix: where to write the repaired recipe.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    code: Code = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV file to train on instead of the recipe's data.source.path.")
    ] = None,
    budget: BudgetOption = "30s",
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the repaired recipe, by default to RECIPE.fixed.yaml.")
    ] = False,
    json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Find out why a recipe trains badly, and repair it.

    The doctor trains the recipe once, collects suspicions from recipe, data, loss curves and layer statistics, tries an
    edit of the recipe for each, and confirms the best on other seeds. The report names the causes, the most likely one
    first, each with the numbers that show it, the measured effect of its cure, and the command that applies it.

    Scores are measured on the validation split; the test split is not used. Without a validation split, a fifth of the
    training rows is held out.

    Exit status: 0 if the recipe is healthy, 1 if something was found, 3 if training diverges for no known reason.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stdout_console
    from nntrain.cli.interrupts import Interrupts
    from nntrain.cli.result import note, print_json, print_table
    from nntrain.report.doctor import doctor_text

    if out is not None and not fix:
        raise bad_input("doctor", f"found a second argument, {str(out)!r}", "it is for --fix")
    seconds = seconds_of(budget)
    changed = [*(settings or []), *([f"data.source.path={data.absolute()}"] if data else [])]

    def progress(text: str) -> None:
        if not quiet:
            note([text])

    with Interrupts() as interrupts, announce_compiling():
        report = examine(recipe, changed, seconds, interrupts.wanted, progress)
    if interrupts.wanted():
        raise typer.Exit(interrupts.status)
    if json:
        print_json(report.to_json())
    else:
        print_table(doctor_text(report, recipe))
        stdout_console()
    if fix:
        _write(report, recipe, changed, out, note)
    if report.found:
        raise typer.Exit(Status.FAILED)
    if report.diverged:
        raise typer.Exit(Status.DIVERGED)


def examine(
    recipe: str,
    settings: Sequence[str],
    budget: float,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[str], None] = lambda text: None,
) -> Report:
    """Examine the recipe that ``recipe`` names, overridden by ``settings``.

    Raises:
        InputError: if the recipe or its data are wrong.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.doctor.case import Case
    from nntrain.doctor.examine import examine as examine_case
    from nntrain.utils.garbage import collecting_new

    loaded = load_recipe(recipe, settings)
    case = Case(loaded.document, loaded.folder, loaded.name)
    with collecting_new():
        return examine_case(case, budget, stop, progress)


def seconds_of(text: str) -> float:
    """Return a time such as 30s or 5m in seconds."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in ("s", "m") else (text, "s")
    try:
        seconds = float(number) * (60 if unit == "m" else 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise bad_input("--budget", f"found {text!r}", "a time above 0, as in 30s or 5m")
    return seconds


def _write(
    report: Report, recipe: str, settings: Sequence[str], out: Path | None, note: Callable[[list[str]], None]
) -> None:
    """Write the repaired recipe, with the comments of the original."""
    from nntrain.artifacts.lookup import find, open_recipe
    from nntrain.recipe.document import dump_document, read_document
    from nntrain.recipe.edit import edited
    from nntrain.utils.files import write_atomically

    if not report.fix:
        note(["no edit of the recipe is known to help: nothing written"])
        return
    source = find(recipe).recipe
    file = None if source in (None, "-") else Path(str(source))
    if recipe == "-" and settings == [] and out is None:
        raise bad_input("--fix", "the recipe comes from standard input", "name the file to write: --fix OUT.yaml")
    text = dump_document(open_recipe(recipe).document.data) if file is None else file.read_text("utf-8")
    keys = [setting.partition("=") for setting in settings]
    changes = {key.strip(): read_document("--set", value).data for key, _, value in keys}
    stem = file.stem if file is not None and file.is_file() and Path(recipe).exists() else Path(recipe).stem
    folder = file.parent if file is not None and Path(recipe).exists() else Path()
    place = out or folder / f"{stem}.fixed.yaml"
    write_atomically(place, edited(text, {**changes, **report.fix}).encode())
    note([f"wrote {place}"])
