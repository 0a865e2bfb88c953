"""``nntrain trace``: one example through the network and back, number by number."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Opened, Settings
from nntrain.cli.evaluate import DataOption, SeparatorOption
from nntrain.cli.load_target import load_target
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.cli.load_target import LoadedTarget


def command(
    what: Opened,
    settings: Settings = None,
    row: Annotated[int, typer.Option(min=1, help="Which row of the training part, or of --data.")] = 1,
    data: DataOption = None,
    separator: SeparatorOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, with all units.")] = False,
) -> None:
    """Trace one example through the network and back.

    Forward, each unit's weights, bias, pre-activation z and activation h; the loss; and backward, how dL/dh becomes
    dL/dz by the activation's slope, then the gradient of each weight and bias, and what is passed on to the layer
    before. It is the computational graph of the lectures with all its numbers. Of classes it also shows the
    probability of each (softmax or sigmoid) and what the loss would be if that class were the target. Tables show the
    first 10 units of a layer and as many weights as fit; units, weights and classes are counted from 1.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.diagnostics.example_trace import trace
    from nntrain.report.trace_tables import trace_text

    with compiling_said():
        inside = load_target(what, settings or [], data, separator)
        plan, rows = inside.plan, len(inside.plan.data.train.x)
        if row > rows:
            raise bad_input("--row", f"found {row}, but {inside.rows} has {rows} rows", f"choose 1 to {rows}")
        if any(layer.norm for layer in plan.network.layers):
            raise bad_input(
                what, "has a norm, which looks at more than one unit or row: it has no trace", "leave it out"
            )
        found = trace(plan, row, inside.theta)
    target = _target(inside, row)
    if json:
        keys = {"features": inside.features, "class_names": inside.classes}
        print_json({**asdict(found), **keys, "label": target, "loss_name": plan.loss.name})
        return
    told = target if isinstance(target, str) else ", ".join(f"{number:.5g}" for number in target)
    names = (inside.rows, inside.features, told, inside.classes or (), plan.loss.name, plan.loss.inside)
    print_table(trace_text(found, *names, stdout_console().width))


def _target(inside: LoadedTarget, row: int) -> str | list[float]:
    """Return a row's class, or its numbers as the network is to tell them."""
    y = inside.plan.data.train.y[row - 1]
    return [float(number) for number in y] if inside.classes is None else str(inside.classes[y])
