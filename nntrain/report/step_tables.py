"""Optimizer steps as tables with one row per parameter."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.diagnostics.step_trace import ArrayStep, Step
from nntrain.optimizers import Optimizer
from nntrain.report.components import component_facts
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import short

MAX_PARAMETERS = 12  # of a layer that are shown
DIGITS = 4


def steps_text(steps: Sequence[Step], optimizer: Optimizer, width: int) -> RenderableType:
    """Return the steps of an optimizer, at least one, as text for ``width`` columns."""
    direction = "m_hat" if "m_hat" in steps[-1].arrays[0].corrected else "g"
    parts: list[RenderableType] = [
        Text(f"\n{optimizer.name}, from its initial state", "bold"),
        Text(component_facts(type(optimizer))["formula"], "dim"),
    ]
    notes = [f"lr_eff = update / {direction}, the effective learning rate"]
    if not optimizer.elementwise:
        notes.append(f"in {optimizer.name}, the update of a parameter depends on other parameters too")
    parts += [Text(note, "dim") for note in notes]
    for step in steps:
        parts += _step(step, width)
    return Group(*parts)


def _step(step: Step, width: int) -> Iterator[RenderableType]:
    yield Text(f"\nstep {step.number}: lr {short(step.lr, DIGITS)}", "bold")
    for name, correction in step.corrections.items():
        yield Text(f"bias correction: {name}_hat = {name} / {short(correction, DIGITS)}")
    for layer, arrays in groupby(step.arrays, lambda array: array.layer):
        yield from _layer(layer, list(arrays), width)
    yield Text(f"\nloss: {short(step.loss, DIGITS)} -> {short(step.new_loss, DIGITS)}")


def _layer(label: str, arrays: Sequence[ArrayStep], width: int) -> Iterator[RenderableType]:
    names = [name for array in arrays for name in _names(array)]
    shown = min(len(names), MAX_PARAMETERS)
    first = arrays[0]

    def column(head: str, values: Sequence[NDArray[Any]], drop: int = 0) -> Column:
        flat = np.concatenate([array.T.reshape(-1) for array in values])[:shown]
        return Column(head, ["–" if np.isnan(value) else short(float(value), DIGITS) for value in flat], drop=drop)

    columns = [
        Column("", names[:shown], right=False),
        column("old", [array.before for array in arrays]),
        column("g", [array.gradient for array in arrays]),
        *(column(key, [array.state[key] for array in arrays], drop=2) for key in first.state),
        *(column(key, [array.corrected[key] for array in arrays], drop=1) for key in first.corrected),
        column("lr_eff", [array.effective_lr for array in arrays]),
        column("update", [array.update for array in arrays]),
    ]
    if first.decay is not None:
        columns.append(column("decay", [array.decay for array in arrays if array.decay is not None]))
    columns.append(column("new", [array.after for array in arrays]))
    cut = f": first {shown} of {len(names)} parameters (see --json for all)" if shown < len(names) else ""
    yield Text.assemble(f"\nlayer {label}", (cut, "dim"))
    yield fitted(columns, width)


def _names(array: ArrayStep) -> list[str]:
    """Return the names of an array's parameters, unit by unit, as the trace writes them."""
    inputs, units = array.before.shape if array.before.ndim > 1 else (0, array.before.size)
    if inputs:
        return [f"unit {unit} w{number}" for unit in range(1, units + 1) for number in range(1, inputs + 1)]
    letter = {"biases": "b", "slopes": "slope"}.get(array.name, array.name)
    return [f"unit {unit} {letter}" for unit in range(1, units + 1)]
