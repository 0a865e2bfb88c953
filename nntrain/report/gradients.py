"""Gradient checks as tables."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.compared import TensorCheck
from nntrain.diagnostics.mutations import Caught

FULL_WIDTH, TENSOR_WIDTH = 100, 78  # columns needed to show everything, and to show tensor names
STYLES = {"good": "green", "fair": "green", "not checked": "yellow", "doubtful": "yellow", "wrong": "bold red"}
SEVERITY = ("not checked", "good", "fair", "doubtful", "wrong")
NOT_CHECKED = (
    "not checked: the gradient cannot be distinguished from rounding, or every usable step crosses a kink "
    "(try other weights, such as those after --steps)"
)

Checks = Mapping[str, Sequence[TensorCheck]]


def checks_table(found: Checks, width: int) -> RenderableType:
    """Return the checks, and below them the error as a function of h, of a wrong gradient if there is one.

    If up to two networks were checked, such as a recipe's before and after some steps, each tensor has a row; if more,
    each network has one row for its worst tensor. Narrow terminals show fewer columns.
    """
    parts = [_overview(found, width)] if len(found) > 2 else list(_details(found, width))
    if any(check.verdict == "not checked" for checks in found.values() for check in checks):
        parts.append(Text(f"\n{NOT_CHECKED}"))
        if len(found) > 2:
            parts += [Text(line) for line in _not_checked(found)]
    swept = max(
        (check for checks in found.values() for check in checks if check.sweep), key=_sweep_priority, default=None
    )
    if swept is not None:
        parts += [Text(f"\nerror by h ({swept.name}):"), _sweep(swept)]
    return Group(*parts)


def _overview(found: Checks, width: int) -> RenderableType:
    wide, medium = width >= FULL_WIDTH, width >= TENSOR_WIDTH
    table = _table("network", *(["tensor"] if medium else []), *_heads(wide, _both(found)))
    for network, checks in found.items():
        worst = max(_main(checks), key=_severity)
        singles = [check for check in checks if check.dtype == "float32"]
        single = max(singles, key=_severity) if singles and worst.dtype == "float64" else None
        counts = [sum(check.checked for check in _main(checks)), sum(check.corners for check in _main(checks))]
        table.add_row(network, *([_name(worst)] if medium else []), *_cells(worst, single, counts, wide, _both(found)))
    return table


def _details(found: Checks, width: int) -> Iterator[RenderableType]:
    for number, (network, checks) in enumerate(found.items()):
        wide, both = width >= FULL_WIDTH, _both(found)
        yield Text(f"{chr(10) if number else ''}{network}:", "bold")
        table = _table("tensor", *_heads(wide, both))
        singles = {check.name: check for check in checks if check.dtype == "float32"}
        for check in _main(checks):
            single = singles.get(check.name) if check.term == "data" and check.dtype == "float64" else None
            table.add_row(_name(check), *_cells(check, single, [check.checked, check.corners], wide, both))
        yield table


def _both(found: Checks) -> bool:
    """Return whether both float types were checked."""
    return len({check.dtype for checks in found.values() for check in checks}) > 1


def _main(checks: Sequence[TensorCheck]) -> list[TensorCheck]:
    """Return the float64 checks, or all if there are none."""
    return [check for check in checks if check.dtype == "float64"] or list(checks)


def _heads(wide: bool, both: bool) -> list[str]:
    more = ["index", "backprop", "reference", "checked", "kinks"] if wide else []
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


def _not_checked(found: Checks) -> Iterator[str]:
    for network, checks in found.items():
        for dtype in ("float64", "float32"):
            names = [_name(check) for check in checks if check.verdict == "not checked" and check.dtype == dtype]
            if names:
                yield f"  {network}: {', '.join(names)}{' in float32' if dtype == 'float32' else ''}"


def _sweep_priority(check: TensorCheck) -> tuple[bool, float, float]:
    """Return a sort key: wrong gradients come last by error, others by size."""
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
    """Return whether each planted mistake was caught; below FULL_WIDTH columns without the numbers that differ."""
    wide = width >= FULL_WIDTH
    table = _table("mistake", "description", "tensor", *(["backprop", "difference"] if wide else []), "error")
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
    left = {"network", "tensor", "mistake", "description", "verdict", "float32"}
    wraps = {"network", "description"}
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=column not in wraps)
    return table
