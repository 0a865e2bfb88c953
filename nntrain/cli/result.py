"""The one place that prints results: tables for people, JSON for programs, both on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nntrain.cli.streams import write_all
from nntrain.utils.json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import RenderableType

    from nntrain.comparison.result import Result
    from nntrain.report.summary import Summary


def print_json(data: Any) -> None:
    """Print one JSON value, indented."""
    print_text(as_json(data, indent=2).decode())


def print_text(text: str) -> bool:
    """Print text as it is, and return whether anybody reads it.

    A reader that has gone away is no error: the work is done, and its status stands.
    """
    return write_all(text)


def print_table(table: RenderableType) -> None:
    """Print a table or other rich text; rich fills lines up with blanks, which nobody wants in a file."""
    from nntrain.cli.console import stdout_console

    console = stdout_console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    print_text("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_summary(summary: Summary, as_json: bool, quiet: bool) -> None:
    """Print the result of a run, and for people the details on standard error unless ``quiet``."""
    from nntrain.cli.console import stderr_console
    from nntrain.report.summary import details, short_table

    if not quiet:
        console = stderr_console()
        console.print(
            details(summary, console.width, layers=not console.is_terminal)
        )  # a live display has just shown them
    if as_json:
        print_json(summary.to_json())
    else:
        print_table(short_table(summary))


def print_comparison(result: Result, form: str, folder: Path | None, quiet: bool) -> None:
    """Print the result of a comparison, and for people the curves and what to know on standard error."""
    from rich.console import Group

    from nntrain.cli.console import stderr_console, stdout_console
    from nntrain.report.compare_tables import loss_curves, notes, ranking, verdicts
    from nntrain.report.export import as_csv, as_markdown, rows

    if not quiet:
        console = stderr_console()
        if any(variant.counts.curve for variant in result.variants):  # none where all runs diverged
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
        width = stdout_console().width
        print_table(Group(ranking(result, width), "", verdicts(result, width)))


def note(lines: Iterable[str]) -> None:
    """Print notes on standard error."""
    from nntrain.cli.console import stderr_console

    for line in lines:
        stderr_console().print(f"nntrain: {line}", soft_wrap=True)
