"""Print results on standard output: tables for people, JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nntrain.cli.streams import write_all
from nntrain.utils.json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from nntrain.comparison.across import Across
    from nntrain.comparison.result import Result
    from nntrain.report.summary import Summary


def print_json(data: Any) -> None:
    """Print one JSON value, indented."""
    print_text(as_json(data, indent=2).decode())


def print_text(text: str) -> bool:
    """Print text unchanged, and return whether standard output still has a reader.

    A reader that has gone is not an error: the work is done, and its status stands.
    """
    return write_all(text)


def table_width(form: str = "table") -> int:
    """Return the columns that tables are laid out for: the terminal's, or in other formats as many as they need."""
    from nntrain.cli.console import stdout_console
    from nntrain.report.formats import WIDTH

    return stdout_console().width if form == "table" else WIDTH


def print_table(table: RenderableType, form: str = "table") -> None:
    """Print a table or other rich text, for the terminal or as ``markdown``, ``latex`` or ``csv``.

    In a file, lines have no trailing blanks.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.report.formats import FORMATS

    if form in FORMATS:
        print_text(FORMATS[form](table))
        return
    console = stdout_console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    print_text("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_summary(summary: Summary, as_json: bool, quiet: bool, names: Sequence[str] | None = None) -> None:
    """Print the result of a run, and its details on standard error unless ``quiet``; ``names``: metrics to show."""
    from nntrain.cli.console import stderr_console
    from nntrain.report.details import details, score_notes, short_table

    if not quiet:
        console = stderr_console()
        # on a terminal, the live display has just shown the layers
        console.print(details(summary, console.width, layers=not console.is_terminal))
        note(score_notes(summary, names))
    if as_json:
        print_json(summary.to_json())
    else:
        print_table(short_table(summary, table_width(), names))


def print_comparison(result: Result, form: str, folder: Path | None, quiet: bool) -> None:
    """Print the result of a comparison, and its curves and notes on standard error unless ``quiet``."""
    from rich.console import Group

    from nntrain.cli.console import stderr_console
    from nntrain.report.comparison_export import as_csv, as_markdown, rows
    from nntrain.report.comparison_tables import loss_curves, notes, ranking, verdicts

    if not quiet:
        console = stderr_console()
        if any(variant.ranked.curve for variant in result.variants):  # there is none if all runs diverged
            console.print(loss_curves(result, console.width))
        lines = notes(result) + ([f"runs: {folder}"] if folder else [])
        console.print("\n".join([*lines, ""]), soft_wrap=True)
    if form == "json":
        print_json(result.to_json())
    elif form == "csv":
        print_text(as_csv(rows(result)))
    elif form == "markdown":
        print_text(as_markdown(result))
    else:
        width = table_width(form)
        print_table(Group(ranking(result, width), "", verdicts(result, width)), form)


def print_across(found: Across, form: str, folder: Path, quiet: bool) -> None:
    """Print a comparison on several problems, and its performance profile and notes on standard error."""
    from nntrain.cli.console import stderr_console
    from nntrain.report.across_charts import profile_chart
    from nntrain.report.across_tables import across_notes, across_rows, across_tables
    from nntrain.report.comparison_export import as_csv
    from nntrain.report.terminal_charts import charts_text

    if not quiet:
        console = stderr_console()
        console.print(charts_text(profile_chart(found.profile), console.width))
        console.print("\n".join([*across_notes(found), f"runs: {folder}", ""]), soft_wrap=True)
    if form == "json":
        print_json(found.to_json())
    elif form == "csv":
        print_text(as_csv(across_rows(found)))
    else:
        print_table(across_tables(found, table_width(form)), form)


def note(lines: Iterable[str]) -> None:
    """Print notes on standard error."""
    for line in lines:
        from nntrain.cli.console import stderr_console  # takes longer to import than to look whether there are any

        stderr_console().print(f"nntrain: {line}", soft_wrap=True)
