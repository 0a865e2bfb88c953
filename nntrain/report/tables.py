"""Tables of what there is: components, recipes, and a network's layers."""

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic_core import PydanticUndefined
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.dialects import Dialect
from nntrain.registry import Component
from nntrain.report.numbers import quantity
from nntrain.training.plan import Plan


def component_facts(component: type[Component]) -> dict[str, Any]:
    """Return a component's name, first sentence, formula, source and keys with their defaults, as plain data."""
    paragraphs = inspect.getdoc(component) or ""
    about, _, rest = paragraphs.partition("\n\n")
    formula, source = "", ""
    for paragraph in rest.split("\n\n"):
        if paragraph.startswith("Formula:"):
            formula = inspect.cleandoc(paragraph.removeprefix("Formula:"))
        if paragraph.startswith("Source:"):
            source = " ".join(paragraph.removeprefix("Source:").split())
    keys = {
        name: {
            "default": None if field.default is PydanticUndefined else field.default,
            "required": field.is_required(),
            "about": field.description or "",
        }
        for name, field in component.model_fields.items()
        if name != "name"
    }
    name = component.model_fields["name"].default
    return {"name": name, "about": " ".join(about.split()), "formula": formula, "source": source, "keys": keys}


def components_table(components: Mapping[str, type[Component]]) -> Table:
    """Return a family's members with keys, defaults and formulas."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_lines=False)
    table.add_column("name", style="bold", no_wrap=True)
    table.add_column("keys", no_wrap=True)
    table.add_column("what it does", ratio=1)
    for component in components.values():
        facts = component_facts(component)
        keys = "\n".join(f"{key}: {_default(key_facts)}" for key, key_facts in facts["keys"].items())
        text = Text.assemble(facts["about"], "\n", (facts["formula"], "dim"), "\n")
        table.add_row(Text(facts["name"]), Text(keys), text)
    return table


def _default(key: Mapping[str, Any]) -> str:
    if key["required"]:
        return "(needed)"
    return _value(key["default"])


def _value(value: Any) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def dialects_table(found: Sequence[Dialect]) -> Table:
    """Return the dialects of an optimizer as columns, what they differ in as lines."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for dialect in found:
        table.add_column(dialect.name, justify="right")
    for key in found[0].keys:
        table.add_row(key, *(_value(dialect.keys[key]) for dialect in found))
    if found[0].family == "optimizer":
        table.add_row("parts by 1 % at step", *_steps([dialect.parts for dialect in found]))
        table.add_row("  at the same lr", *_steps([dialect.parts_at_equal_rate for dialect in found]))
    return table


def _steps(steps: Sequence[int | None]) -> list[str]:
    return ["–", *("never" if step is None else str(step) for step in steps[1:])]


def recipes_table(found: Sequence[Mapping[str, str]]) -> Table:
    """Return the shipped recipes with what each shows."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("recipe", style="bold", no_wrap=True)
    table.add_column("what it shows", ratio=1)
    for recipe in found:
        table.add_row(Text(recipe["name"]), Text(recipe["about"]))
    return table


def network_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan's layers, sizes and work as plain data; memory in bytes, multiply-adds a step of a whole batch.

    A training step multiplies each matrix three times: forward, for the weights' gradient, and (but for the first
    layer) for the inputs' gradient.
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
    vectors = 2 + plan.optimizer.state_rows  # parameters, gradient, and the optimizer's state
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


def network_table(facts: Mapping[str, Any]) -> Table:
    """Return the network as a table, its totals in the last line."""
    memory = facts["memory"]
    rows = ", ".join(f"{count:,} {name}" for name, count in facts["rows"].items() if count)
    table = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        show_footer=True,
        footer_style="bold",
        caption_justify="left",
        caption=f"{rows} rows; {facts['steps_per_epoch']} steps an epoch, {facts['batch_rows']} rows each\n"
        f"memory: {quantity(memory['parameters'])} for parameters, gradient and optimizer, "
        f"{quantity(memory['batch'])} for a batch",
    )
    table.add_column("layer", footer="all", no_wrap=True)
    table.add_column("shape", no_wrap=True)
    table.add_column("activation")
    table.add_column("initializer")
    table.add_column("parameters", footer=f"{facts['parameters']:,}", justify="right")
    table.add_column("multiply-adds a step", footer=f"{facts['multiply_adds']:,}", justify="right")
    for layer in facts["layers"]:
        table.add_row(
            layer["layer"],
            f"{layer['input']} → {layer['output']}",
            (f"{layer['norm']} norm, " if layer["norm"] else "")
            + layer["activation"]
            + (f", dropout {layer['dropout']:g}" if layer["dropout"] else ""),
            layer["initializer"],
            f"{layer['parameters']:,}",
            f"{layer['multiply_adds']:,}",
        )
    return table
