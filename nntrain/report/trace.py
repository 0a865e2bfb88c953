"""One example's way through the network and back, as the lectures write it down: a line for each unit."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.trace import LayerTrace, Numbers, Trace
from nntrain.report.numbers import short

UNITS = 10  # of a layer, at most, that are shown
INPUTS = ((100, 3), (80, 2), (0, 1))  # columns of a terminal, from which on so many weights of a unit have room
DIGITS = 4


def trace_text(trace: Trace, features: Sequence[str], target: str, loss: str, width: int) -> RenderableType:
    """Return the trace for people.

    Args:
        trace: the numbers.
        features: the names of the inputs.
        target: the target in the user's words.
        loss: the name of the loss.
        width: columns of the terminal.
    """
    last, inputs = trace.layers[-1], next(count for columns, count in INPUTS if width >= columns)
    parts: list[RenderableType] = [
        Text(f"row {trace.row} of the training part, target {target}"),
        Text(_pairs([*features], trace.x)),
        Text("\nforward: z = h_in W + b, h = f(z)", "bold"),
    ]
    for layer in trace.layers:
        parts += [Text(f"\nlayer {layer.label}"), _forward(layer, inputs)]
    parts += [
        Text(f"\nloss {loss}: {_number(trace.loss)}"),
        Text(_pairs([f"dL/do{number}" for number in range(1, len(last.dh) + 1)], last.dh)),
        Text("\nbackward: dL/dz = f'(z) dL/dh, dL/dW = h_in^T dL/dz, dL/db = dL/dz, dL/dh_in = dL/dz W^T", "bold"),
    ]
    for layer in reversed(trace.layers):
        parts += [Text(f"\nlayer {layer.label}"), _backward(layer, inputs)]
        if layer.slopes is not None and layer.dslopes is not None:
            named = [f"slope{number}" for number in range(1, len(layer.slopes) + 1)]
            parts += [Text(_pairs([*named, *(f"dL/d{name}" for name in named)], [*layer.slopes, *layer.dslopes]))]
    parts += [Text("\ninputs"), Text(_pairs([f"dL/d{name}" for name in features], trace.dx))]
    return Group(*parts)


def _forward(layer: LayerTrace, inputs: int) -> Table:
    heads = [f"w{number}" for number in range(1, min(len(layer.weights), inputs) + 1)]
    return _units(layer, layer.weights, heads, before=[], after=[("b", layer.biases), ("z", layer.z), ("h", layer.h)])


def _backward(layer: LayerTrace, inputs: int) -> Table:
    heads = [f"dL/dw{number}" for number in range(1, min(len(layer.weights), inputs) + 1)]
    before = [("dL/dh", layer.dh), ("f'(z)", layer.slope), ("dL/dz", layer.dz)]
    return _units(layer, layer.dweights, heads, before=before, after=[("dL/db", layer.dbiases)])


def _units(
    layer: LayerTrace,
    weights: Numbers,
    heads: list[str],
    before: list[tuple[str, Numbers | None]],
    after: list[tuple[str, Numbers]],
) -> Table:
    more = ["..."] if len(weights) > len(heads) else []
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ["unit", *(name for name, _ in before), *heads, *more, *(name for name, _ in after)]:
        table.add_column(head, justify="right", no_wrap=True)
    units = len(layer.z)
    for unit in range(min(units, UNITS)):
        table.add_row(
            str(unit + 1),
            *("–" if values is None else _number(values[unit]) for _, values in before),
            *(_number(weights[row, unit]) for row in range(len(heads))),
            *more,
            *(_number(values[unit]) for _, values in after),
        )
    if units > UNITS:
        table.add_row("...", *[""] * (len(table.columns) - 1))
    return table


def _pairs(names: Sequence[str], values: Numbers | list[Any]) -> str:
    shown = [f"{name} = {_number(value)}" for name, value in zip(names, values[:UNITS], strict=False)]
    return ", ".join(shown + (["..."] if len(values) > UNITS else []))


def _number(value: Any) -> str:
    return short(float(value), DIGITS)
