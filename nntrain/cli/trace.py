"""``nntrain trace``: every number of a forward and a backward pass."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import (
    Code,
    DataOption,
    FormatOption,
    Opened,
    ReadOption,
    SeparatorOption,
    Settings,
    TableFormat,
)
from nntrain.cli.loading import load_target, parse_optimizer
from nntrain.errors import bad_input, counted

if TYPE_CHECKING:
    from nntrain.cli.loading import LoadedTarget
    from nntrain.diagnostics.step_trace import Step
    from nntrain.report.graph import Graph
    from nntrain.training.conjugate_directions import Iteration

GRAPHS = (".svg", ".dot")  # files of a graph


def command(
    what: Opened,
    settings: Settings = None,
    code: Code = None,
    row: Annotated[int, typer.Option(min=1, metavar="N", help="Row of the training split, or of --data.")] = 1,
    data: DataOption = None,
    separator: SeparatorOption = None,
    read: ReadOption = None,
    step: Annotated[
        bool, typer.Option("--step", help="Also take a step of the optimizer, and show the new weights.")
    ] = False,
    steps: Annotated[int | None, typer.Option(min=1, metavar="N", help="Take N steps in a row.")] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take steps of this optimizer, such as adam or '{name: sgd, lr: 0.1}'.  [default: the recipe's]",
            autocompletion=completion.names_of("optimizer"),
        ),
    ] = None,
    bias_correction: Annotated[
        bool,
        typer.Option(
            "--bias-correction/--no-bias-correction", help="Leave out Adam's bias corrections to see the effect."
        ),
    ] = True,
    graph: Annotated[
        bool, typer.Option("--graph", help="Show the graph: each edge with its forward and its backward term.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the graph as a picture (.svg) or for Graphviz (.dot)."),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Draw the picture on a dark background.")] = False,
    form: FormatOption = TableFormat.TABLE,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all units.")] = False,
) -> None:
    """Trace one sample forward and backward, number by number.

    Shows the computational graph of the lectures with all its numbers. Forward: each unit's weights, bias,
    pre-activation z and activation h, and the loss. Backward: how the activation's slope turns dL/dh into dL/dz, then
    the gradients of weights and biases, and the gradient for the previous layer. A classifier also shows the
    probability of each class, and the loss if that class were the target. Tables show the first 10 units of a layer and
    as many weights as fit. Units, weights and classes are numbered from 1.

    With --step it goes on from the gradients to the new weights: for each parameter the optimizer's state (such as m
    and v), the bias-corrected state, the effective learning rate, the update and the new value; then the new loss.
    Steps are taken on this sample alone, from the optimizer's initial state and at a constant learning rate. For cg it
    lists the trials of each line search, and whether each meets the two Wolfe conditions.

    With --graph it shows the edges of the computational graph, whose terms add up to z and to dL/dh; -o draws the graph
    with the first 10 units of each layer, and prints the path of the file.
    """
    from rich.console import Group

    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.diagnostics.example_trace import trace
    from nntrain.diagnostics.line_search_trace import line_searches
    from nntrain.diagnostics.step_trace import take_steps
    from nntrain.optimizers.conjugate_gradients import ConjugateGradients
    from nntrain.report.graph import graph_of
    from nntrain.report.line_search_tables import searches_text
    from nntrain.report.step_tables import steps_text
    from nntrain.report.trace_tables import trace_text

    if out is not None and out.suffix.lower() not in GRAPHS:
        raise bad_input(
            f"--out {out}", "not a supported format of a graph", f"use a file name with {' or '.join(GRAPHS)}"
        )
    with announce_compiling():
        target = load_target(what, settings or [], data, separator, read)
        plan, rows = target.plan, len(target.plan.data.train.x)
        if row > rows:
            allowed = "use 1" if rows == 1 else f"use 1 to {rows}"
            raise bad_input("--row", f"found {row}, but {target.rows} has {counted(rows, 'row')}", allowed)
        if any(layer.norm for layer in plan.network.layers):
            raise bad_input(what, "cannot trace a network with batch or layer norm", "set model.norm=null")
        found = trace(plan, row, target.theta)
        taken: list[Step] = []
        searches: list[Iteration] | None = None
        if step or steps or optimizer or not bias_correction:
            plan = replace(plan, optimizer=plan.optimizer if optimizer is None else parse_optimizer(optimizer))
            if isinstance(plan.optimizer, ConjugateGradients) and bias_correction:
                searches = line_searches(plan, plan.optimizer, row, steps or 1, target.theta)
            else:
                taken = take_steps(plan, row, steps or 1, target.theta, bias_correction)
    if out is not None:
        _draw(graph_of(found, target.features), out, dark)
        return
    label = _label(target, row)
    if json:
        keys: dict[str, object] = {"features": target.features, "class_names": target.classes}
        keys |= {"graph": asdict(graph_of(found, target.features))} if graph else {}
        stepped: dict[str, object] = {}
        if taken:
            stepped = {"optimizer": plan.optimizer.model_dump(), "steps": [asdict(one) for one in taken]}
        elif searches is not None:
            stepped = {"optimizer": plan.optimizer.model_dump(), "iterations": [asdict(one) for one in searches]}
        print_json({**asdict(found), **keys, "label": label, "loss_name": plan.loss.name, **stepped})
        return
    text = label if isinstance(label, str) else ", ".join(f"{number:.5g}" for number in label)
    names = (target.rows, target.features, text, target.classes or (), plan.loss.name, plan.loss.included_activation)
    width = table_width(form)
    stepped_text = [steps_text(taken, plan.optimizer, width)] if taken else []
    if graph:
        from nntrain.report.graph_files import graph_table

        print_table(graph_table(graph_of(found, target.features), width), form)
        return
    if searches is not None and isinstance(plan.optimizer, ConjugateGradients):
        stepped_text = [searches_text(searches, plan.optimizer, width)]
    print_table(Group(trace_text(found, *names, width), *stepped_text), form)


def _draw(graph: Graph, out: Path, dark: bool) -> None:
    """Write a graph as a picture or for Graphviz, and print the path."""
    from nntrain.cli.result import print_text
    from nntrain.report.graph_files import as_dot, as_svg
    from nntrain.utils.files import write_atomically

    write_atomically(out, (as_svg(graph, dark) if out.suffix.lower() == ".svg" else as_dot(graph)).encode())
    print_text(f"{out}\n")


def _label(target: LoadedTarget, row: int) -> str | list[float]:
    """Return the class or labels of a row, or its targets as the network sees them."""
    import numpy as np

    y = target.plan.data.train.y[row - 1]
    if target.classes is None:
        return [float(number) for number in y]
    return ", ".join(str(target.classes[index]) for index in np.atleast_1d(y))
