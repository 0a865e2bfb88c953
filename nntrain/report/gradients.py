"""Gradient checks as tables."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.compared import TensorCheck
from nntrain.diagnostics.mutations import Caught

WIDE, NARROW = 100, 78  # columns of a terminal, from which on there is room for all that is known, and for tensors
STYLES = {"good": "green", "fair": "green", "not checked": "yellow", "doubtful": "yellow", "wrong": "bold red"}
SEVERITY = ("not checked", "good", "fair", "doubtful", "wrong")
WHY = (
    "not checked: too small a gradient to be told from rounding, or every step that could tell crosses a corner "
    "(try other weights, such as those after --steps)"
)

Found = Mapping[str, Sequence[TensorCheck]]


def checks_table(found: Found, width: int) -> RenderableType:
    """Return the checks, and below them how the error depends on h: for a wrong gradient if there is one.

    Up to two things that were checked, such as a recipe's network at first and after some steps, have a line for each
    tensor; of more, each has one line, of its worst tensor. Narrow terminals get less about each line.
    """
    parts = [_overview(found, width)] if len(found) > 2 else list(_details(found, width))
    if any(check.verdict == "not checked" for checks in found.values() for check in checks):
        parts.append(Text(f"\n{WHY}"))
        if len(found) > 2:
            parts += [Text(line) for line in _not_checked(found)]
    swept = max((check for checks in found.values() for check in checks if check.sweep), key=_tells, default=None)
    if swept is not None:
        parts += [Text(f"\nerror by h ({swept.name}):"), _sweep(swept)]
    return Group(*parts)


def _overview(found: Found, width: int) -> RenderableType:
    wide, medium = width >= WIDE, width >= NARROW
    table = _table("of", *(["tensor"] if medium else []), *_heads(wide, _both(found)))
    for of, checks in found.items():
        worst = max(_main(checks), key=_severity)
        singles = [check for check in checks if check.dtype == "float32"]
        single = max(singles, key=_severity) if singles and worst.dtype == "float64" else None
        counts = [sum(check.checked for check in _main(checks)), sum(check.corners for check in _main(checks))]
        table.add_row(of, *([_name(worst)] if medium else []), *_cells(worst, single, counts, wide, _both(found)))
    return table


def _details(found: Found, width: int) -> Iterator[RenderableType]:
    for number, (of, checks) in enumerate(found.items()):
        wide, both = width >= WIDE, _both(found)
        yield Text(f"{chr(10) if number else ''}{of}:", "bold")
        table = _table("tensor", *_heads(wide, both))
        singles = {check.name: check for check in checks if check.dtype == "float32"}
        for check in _main(checks):
            single = singles.get(check.name) if check.term == "data" and check.dtype == "float64" else None
            table.add_row(_name(check), *_cells(check, single, [check.checked, check.corners], wide, both))
        yield table


def _both(found: Found) -> bool:
    """Return whether gradients of both types were checked."""
    return len({check.dtype for checks in found.values() for check in checks}) > 1


def _main(checks: Sequence[TensorCheck]) -> list[TensorCheck]:
    """Return the checks against differences, or where there are none all."""
    return [check for check in checks if check.dtype == "float64"] or list(checks)


def _heads(wide: bool, both: bool) -> list[str]:
    more = ["at", "backprop", "compared with", "checked", "corners"] if wide else []
    return ["error", *more, "verdict", *(["float32"] if both else [])]


def _cells(
    check: TensorCheck, single: TensorCheck | None, counts: Sequence[int], wide: bool, both: bool
) -> list[str | Text]:
    at = ",".join(map(str, check.index))
    numbers = [f"{check.analytic:.4g}", f"{check.numeric:.4g}", str(counts[0]), str(counts[1] or "–")]
    return [
        f"{check.error:.1e}" if check.checked else "–",
        *([at, *numbers] if wide else []),
        _verdict(check),
        *([Text("–") if single is None else _verdict(single)] if both else []),
    ]


def _verdict(check: TensorCheck) -> Text:
    return Text(check.verdict, STYLES[check.verdict])


def _name(check: TensorCheck) -> str:
    return check.name if check.term == "data" else f"{check.name} ({check.term})"


def _severity(check: TensorCheck) -> tuple[int, float]:
    return SEVERITY.index(check.verdict), check.error


def _not_checked(found: Found) -> Iterator[str]:
    for of, checks in found.items():
        for dtype in ("float64", "float32"):
            names = [_name(check) for check in checks if check.verdict == "not checked" and check.dtype == dtype]
            if names:
                yield f"  {of}: {', '.join(names)}{' in float32' if dtype == 'float32' else ''}"


def _tells(check: TensorCheck) -> tuple[bool, float, float]:
    """Return what is larger the more its sweep tells: of a wrong gradient, else of a large one."""
    wrong = check.verdict in ("wrong", "doubtful")
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
    words = {"of", "tensor", "mistake", "what is wrong", "verdict", "float32"}
    sentences = {"of", "what is wrong"}
    for column in columns:
        table.add_column(column, justify="left" if column in words else "right", no_wrap=column not in sentences)
    return table
