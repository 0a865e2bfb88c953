"""Tables of dialects, recipes and a network's layers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.dialects import Dialect
from nntrain.errors import counted
from nntrain.report.fitting import Column, fitted
from nntrain.training.plan import Plan
from nntrain.utils.memory import quantity


def plain_value(value: Any) -> str:
    """Return a value as YAML writes it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def dialects_table(found: Sequence[Dialect]) -> Table:
    """Return one column per dialect, and one row per key in which they differ."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for dialect in found:
        table.add_column(dialect.name, justify="right")
    for key in found[0].keys:
        table.add_row(key, *(plain_value(dialect.keys[key]) for dialect in found))
    if found[0].family == "optimizer":
        table.add_row("first step that differs by 1 %", *_steps([dialect.parts for dialect in found]))
        table.add_row("  at the same lr", *_steps([dialect.parts_at_equal_rate for dialect in found]))
    return table


def _steps(steps: Sequence[int | None]) -> list[str]:
    return ["–", *("never" if step is None else str(step) for step in steps[1:])]


def recipes_table(found: Sequence[Mapping[str, str]]) -> Table:
    """Return the shipped recipes with their descriptions."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("recipe", style="bold", no_wrap=True)
    table.add_column("description", ratio=1)
    for recipe in found:
        table.add_row(Text(recipe["name"]), Text(recipe["about"]))
    return table


def network_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan's layers, sizes and cost as plain data: memory in bytes, multiply-adds per step of a full batch.

    A training step has three matrix products per layer: the forward pass, the gradient of the weights and, except in
    the first layer, the gradient of the inputs.
    """
    network, rows = plan.network, plan.batch_rows
    size = np.dtype(plan.training.dtype).itemsize
    layers = []
    for index, layer in enumerate(network.layers, start=1):
        products = 2 if index == 1 else 3
        layers.append(
            {
                "layer": f"{index} dense",
                "activation": layer.activation.name,
                "dropout": layer.dropout,
                "norm": layer.norm and layer.norm.name,
                "initializer": layer.initializer.name,
                "input": layer.n_in,
                "output": layer.n_out,
                "parameters": layer.parameters,
                "multiply_adds": products * rows * layer.n_in * layer.n_out,
            }
        )
    vectors = 2 + plan.optimizer_rows  # parameters, gradient, and the optimizer's state
    rows_memory = rows * (network.inputs + 3 * network.units) * size
    return {
        "layers": layers,
        "parameters": network.parameters,
        "multiply_adds": sum(layer["multiply_adds"] for layer in layers),
        "memory": {"parameters": vectors * network.parameters * size, "batch": rows_memory},
        "batch_rows": rows,
        "steps_per_epoch": plan.steps_per_epoch,
        "rows": {
            name: 0 if part is None else len(part.x)
            for name, part in (
                ("train", plan.data.train),
                ("validation", plan.data.validation),
                ("test", plan.data.test),
            )
        },
    }


def network_table(facts: Mapping[str, Any], width: int) -> RenderableType:
    """Return the network as a table with a footer of totals; ``width`` is in columns of the terminal."""
    layers, memory = facts["layers"], facts["memory"]
    rows = ", ".join(f"{size:,} {name}" for name, size in facts["rows"].items() if size)
    table = fitted(
        [
            Column("layer", [layer["layer"] for layer in layers], right=False, foot="total"),
            Column("shape", [f"{layer['input']} → {layer['output']}" for layer in layers], right=False),
            Column("activation", [_activation(layer) for layer in layers], right=False, folds=True),
            Column("initializer", [layer["initializer"] for layer in layers], right=False, drop=2),
            Column("parameters", [f"{layer['parameters']:,}" for layer in layers], foot=f"{facts['parameters']:,}"),
            Column(
                "multiply-adds per step",
                [f"{layer['multiply_adds']:,}" for layer in layers],
                foot=f"{facts['multiply_adds']:,}",
                drop=1,
            ),
        ],
        width,
    )
    about = (
        f"rows: {rows}; {counted(facts['steps_per_epoch'], 'step')} per epoch, batches of {facts['batch_rows']:,}\n"
        f"memory: {quantity(memory['parameters'])} for parameters, gradient and optimizer state, "
        f"{quantity(memory['batch'])} for a batch"
    )
    return Group(table, Text(about, "dim italic"))


def _activation(layer: Mapping[str, Any]) -> str:
    norm = f"{layer['norm']} norm, " if layer["norm"] else ""
    dropout = f", dropout {layer['dropout']:g}" if layer["dropout"] else ""
    return f"{norm}{layer['activation']}{dropout}"
