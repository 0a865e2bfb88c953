"""Gradient checks as tables."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.gradcheck import TensorCheck
from nntrain.diagnostics.mutations import Caught

WIDE = 100  # columns of a terminal, from which on there is room for all that is known
STYLES = {"good": "green", "fair": "green", "doubtful": "yellow", "wrong": "bold red"}


def checks_table(found: Mapping[str, Sequence[TensorCheck]], width: int) -> RenderableType:
    """Return the checks, a line a tensor, and below them how the error depends on h: of a wrong one if there is any.

    Where many things were checked, each gets one line, of its worst tensor. In less than WIDE columns it is not said
    where that was, and of how many.
    """
    many, wide = len(found) > 2, width >= WIDE
    numbers = ("error", "at", "backprop", "difference", "checked", "corners")
    table = _table("of", "tensor", *(name for name in numbers if wide or name not in ("at", "checked", "corners")))
    table.add_column("verdict")
    table.add_column("torch")
    for what, checks in found.items():
        shown = [max(checks, key=lambda check: check.error)] if many else checks
        for check in shown:
            name = check.name if check.term == "data" else f"{check.name} ({check.term})"
            every = checks if many else [check]
            counts = [str(sum(one.checked for one in every)), str(sum(one.corners for one in every) or "–")]
            table.add_row(
                what,
                name,
                f"{check.error:.1e}",
                *([",".join(map(str, check.index))] if wide else []),
                f"{check.analytic:.4g}",
                f"{check.numeric:.4g}",
                *(counts if wide else []),
                Text(check.verdict, STYLES[check.verdict]),
                Text("close", "green") if all(one.close for one in every) else Text("not close", "bold red"),
            )
            what = ""
    swept = max((check for checks in found.values() for check in checks), key=_tells)
    return Group(table, Text(f"\nerror by h ({swept.name}):"), _sweep(swept))


def _tells(check: TensorCheck) -> tuple[bool, float, float]:
    """Return what is larger the more its sweep tells: of a wrong gradient, else of a large one."""
    wrong = check.failed or check.verdict == "doubtful"
    return wrong, check.error if wrong else 0.0, abs(check.analytic)


def _sweep(check: TensorCheck) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("h", style="dim")
    for h, _ in check.sweep:
        table.add_column(f"{h:.0e}", justify="right", style="dim")
    table.add_row("error", *(f"{error:.0e}" for _, error in check.sweep))
    return table


def mutations_table(planted: Sequence[Caught], width: int) -> Table:
    """Return what became of each planted mistake; in less than WIDE columns without the numbers that differ."""
    wide = width >= WIDE
    table = _table("mistake", "what is wrong", "tensor", *(["backprop", "difference"] if wide else []), "error")
    table.add_column("caught")
    for caught in planted:
        worst = caught.worst
        table.add_row(
            caught.name,
            caught.about,
            worst.name,
            *([f"{worst.analytic:.4g}", f"{worst.numeric:.4g}"] if wide else []),
            f"{worst.error:.1e}",
            Text("yes", "green") if caught.caught else Text("NO", "bold red"),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    words, sentences = {"of", "tensor", "mistake", "what is wrong"}, {"of", "what is wrong"}
    for column in columns:
        table.add_column(column, justify="left" if column in words else "right", no_wrap=column not in sentences)
    return table
