"""Gradient checks as tables."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.gradcheck import TensorCheck
from nntrain.diagnostics.mutations import Caught

STYLES = {"good": "green", "fair": "green", "doubtful": "yellow", "wrong": "bold red"}


def checks_table(found: Mapping[str, Sequence[TensorCheck]]) -> RenderableType:
    """Return the checks, a line a tensor, and below them how the error of the worst one depends on h.

    Where many things were checked, each gets one line, of its worst tensor.
    """
    many = len(found) > 2
    table = _table("of", "tensor", "worst error", "at", "backpropagation", "difference", "checked", "corners")
    table.add_column("verdict")
    table.add_column("torch")
    for what, checks in found.items():
        shown = [max(checks, key=lambda check: check.error)] if many else checks
        for check in shown:
            name = check.name if check.term == "data" else f"{check.name} ({check.term})"
            every = checks if many else [check]
            table.add_row(
                what,
                name,
                f"{check.error:.1e}",
                ",".join(map(str, check.index)),
                f"{check.analytic:.6g}",
                f"{check.numeric:.6g}",
                str(sum(one.checked for one in every)),
                str(sum(one.corners for one in every) or "–"),
                Text(check.verdict, STYLES[check.verdict]),
                Text("close", "green") if all(one.close for one in every) else Text("not close", "bold red"),
            )
            what = ""
    worst = max((check for checks in found.values() for check in checks), key=lambda check: check.error)
    return Group(table, Text(f"\nthe worst one's error by h ({worst.name}):"), _sweep(worst))


def _sweep(check: TensorCheck) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("h", style="dim")
    for h, _ in check.sweep:
        table.add_column(f"{h:.0e}", justify="right", style="dim")
    table.add_row("error", *(f"{error:.0e}" for _, error in check.sweep))
    return table


def mutations_table(planted: Sequence[Caught]) -> Table:
    """Return what became of each planted mistake."""
    table = _table("mistake", "what is wrong", "shows most in", "backpropagation", "difference", "error")
    table.add_column("caught")
    for caught in planted:
        worst = caught.worst
        table.add_row(
            caught.name,
            caught.about,
            worst.name,
            f"{worst.analytic:.6g}",
            f"{worst.numeric:.6g}",
            f"{worst.error:.1e}",
            Text("yes", "green") if caught.caught else Text("NO", "bold red"),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    words = {"of", "tensor", "mistake", "what is wrong", "shows most in"}
    for column in columns:
        table.add_column(column, justify="left" if column in words else "right")
    return table
