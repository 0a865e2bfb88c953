"""A forward and a backward pass as tables with one row per unit, in the notation of the lectures."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.data import Label
from nntrain.diagnostics.example_trace import ClassTrace, LayerTrace, Numbers, Trace
from nntrain.report.fitting import Column, fitted, has_room
from nntrain.report.numbers import short

MAX_UNITS = 10  # units, inputs or classes that a table shows
DIGITS = 4
MORE = "..."
BACKWARD = "dL/dz = f'(z) dL/dh, dL/dW = h_in^T dL/dz, dL/db = dL/dz, dL/dh_in = dL/dz W^T"
PROBABILITIES = {"softmax": "p = softmax(o)", "sigmoid": "p = sigmoid(o) of the second class"}


def trace_text(
    trace: Trace,
    rows: str,
    features: Sequence[str],
    target: str,
    classes: Sequence[Label],
    loss: str,
    inside: str,
    width: int,
) -> RenderableType:
    """Return the trace as text.

    Args:
        trace: the numbers.
        rows: the split that its row comes from, in words.
        features: names of the inputs.
        target: the target as text.
        classes: labels of the classes; empty in regression.
        loss: name of the loss.
        inside: activation that is part of the loss, if any.
        width: columns of the terminal.
    """
    found = trace.classes
    which = "" if found is None else f", class {found.target + 1} of {len(classes)}"
    parts: list[RenderableType] = [
        Text(f"row {trace.row} of {rows}, target {target}{which}"),
        *_pairs(features, trace.x, width),
        Text("\nforward: z = h_in W + b, h = f(z); units and weights are counted from 1", "bold"),
    ]
    for layer in trace.layers:
        parts += _forward(layer, width)
    dh = trace.layers[-1].dh
    if found is not None:
        parts += _classes(found, classes, trace.layers[-1], inside, width)
    parts += [Text(f"\nloss {loss}: {_number(trace.loss)}{_divergence(found, trace.loss)}")]
    if found is None or len(dh) != len(classes):
        parts += _pairs([f"dL/do{number}" for number in range(1, len(dh) + 1)], dh, width)
    parts += [Text(f"\nbackward: {BACKWARD}", "bold")]
    for layer in reversed(trace.layers):
        parts += _backward(layer, width)
        if layer.slopes is not None and layer.dslopes is not None:
            named = [f"slope{number}" for number in range(1, len(layer.slopes) + 1)]
            parts += [*_pairs(named, layer.slopes, width)]
            parts += [*_pairs([f"dL/d{name}" for name in named], layer.dslopes, width)]
    parts += [Text("\ninputs"), *_pairs([f"dL/d{name}" for name in features], trace.dx, width)]
    return Group(*parts)


def _forward(layer: LayerTrace, width: int) -> list[RenderableType]:
    after = [("b", layer.biases), ("z", layer.z), ("h", layer.h)]
    return _units(layer, layer.weights, "w", [], after, width)


def _backward(layer: LayerTrace, width: int) -> list[RenderableType]:
    before = [("dL/dh", layer.dh), ("f'(z)", layer.slope), ("dL/dz", layer.dz)]
    return _units(layer, layer.dweights, "dL/dw", before, [("dL/db", layer.dbiases)], width)


def _units(
    layer: LayerTrace,
    weights: Numbers,
    letter: str,
    before: list[tuple[str, Numbers | None]],
    after: list[tuple[str, Numbers]],
    width: int,
) -> list[RenderableType]:
    """Return a layer's title and a table of its units, with as many weights as fit."""
    inputs, units = weights.shape
    shown = min(units, MAX_UNITS)
    unit = Column("unit", [str(number) for number in range(1, shown + 1)])
    first = [unit, *(_column(head, values, shown) for head, values in before)]
    last = [_column(head, values, shown) for head, values in after]
    of_weights: list[Column] = []
    for number in range(1, inputs + 1):
        column = _column(f"{letter}{number}", weights[number - 1], shown)
        more = [Column(MORE, [MORE] * shown)] if number < inputs else []
        if not has_room([*first, *of_weights, column, *more, *last], width):
            break
        of_weights.append(column)
    more = [Column(MORE, [MORE] * shown)] if len(of_weights) < inputs else []
    cut = [_first("unit", shown, units)] if shown < units else []
    cut += [_first("weight", len(of_weights), inputs)] if more else []
    return [
        _title(f"layer {layer.label}", ", ".join(cut)),
        fitted([*first, *of_weights, *more, *last], width),
    ]


def _title(text: str, cut: str) -> Text:
    """Return the title of a table, and what it shows if that is not everything."""
    return Text.assemble(f"\n{text}", (f": {cut} (see --json for all)" if cut else "", "dim"))


def _first(what: str, shown: int, count: int) -> str:
    if not shown:
        return f"no room for {count} {what}s"
    return f"{what} 1 of {count}" if shown == 1 else f"{what}s 1–{shown} of {count}"


def _classes(
    found: ClassTrace, classes: Sequence[Label], last: LayerTrace, inside: str, width: int
) -> list[RenderableType]:
    """Return a table of the classes: output, probability, and the loss if the class were the target."""
    shown = list(range(min(len(classes), MAX_UNITS)))
    shown += [found.target] if found.target not in shown else []

    def column(head: str, values: Numbers) -> Column:
        return Column(head, [_number(values[k]) for k in shown])

    one_unit_each = len(last.h) == len(classes)
    columns = [Column("unit", [str(k + 1) for k in shown])] if one_unit_each else []
    columns += [Column("class", [str(classes[k]) for k in shown], right=False, folds=True)]
    columns += [column("o", last.h)] if one_unit_each else []
    columns += [] if found.probabilities is None else [column("p", found.probabilities)]
    columns += [Column("target", [str(int(k == found.target)) for k in shown]), column("loss if target", found.losses)]
    columns += [column("dL/do", last.dh)] if one_unit_each else []
    means = "" if found.probabilities is None else f", {PROBABILITIES[inside]}"
    cut = f"{len(shown)} of {len(classes)}" if len(shown) < len(classes) else ""
    return [_title(f"classes{means}", cut), fitted(columns, width)]


def _divergence(found: ClassTrace | None, loss: float) -> str:
    """Return a cross-entropy as the sum of the targets' entropy and the divergence from them."""
    if found is None or found.entropy is None:
        return ""
    return f" = H(target) {_number(found.entropy)} + KL(target, p) {_number(loss - found.entropy)}"


def _column(head: str, values: Numbers | None, shown: int) -> Column:
    return Column(head, ["–"] * shown if values is None else [_number(value) for value in values[:shown]])


def _pairs(names: Sequence[str], values: Numbers, width: int) -> Iterator[Text]:
    """Yield lines of ``name = value`` pairs; a pair is never split."""
    pairs = [f"{name} = {_number(value)}" for name, value in zip(names, values[:MAX_UNITS], strict=False)]
    if len(values) > MAX_UNITS:
        pairs.append(f"and {len(values) - MAX_UNITS} more")
    line = ""
    for pair in pairs:
        if line and len(line) + len(pair) + 3 > width:
            yield Text(f"{line},")
            line = ""
        line += f", {pair}" if line else pair
    yield Text(line)


def _number(value: Any) -> str:
    return short(float(value), DIGITS)
