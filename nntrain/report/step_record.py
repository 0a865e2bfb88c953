"""The values of one step as text."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from nntrain.errors import counted
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import number
from nntrain.training.events import StepRecord

SHOWN_ROWS = 100  # of the batch


def step_text(step: StepRecord, steps_per_epoch: int, width: int) -> Iterator[RenderableType]:
    """Yield a step's values, and those of its layers.

    Args:
        step: the step.
        steps_per_epoch: of its run.
        width: columns of the terminal.
    """
    within = step.step - (step.epoch - 1) * steps_per_epoch
    lines = [
        f"step {step.step:,}: {within:,} of {steps_per_epoch:,} in epoch {step.epoch:,}",
        f"learning rate {number(step.learning_rate)}",
        f"loss of the batch {number(step.loss)}",
    ]
    if step.gradient_norm is not None:
        lines.append(f"gradient norm {number(step.gradient_norm)}")
    if step.not_finite is not None:
        lines.append(f"not finite: {step.not_finite}")
    shown = ", ".join(map(str, step.rows[:SHOWN_ROWS]))
    more = f", and {len(step.rows) - SHOWN_ROWS:,} more (--json has all)" if len(step.rows) > SHOWN_ROWS else ""
    lines.append(f"{counted(len(step.rows), 'row')} of the training split: {shown}{more}")
    yield Text("\n".join([*lines, ""]))
    layers = step.layers
    ratios = [layer.update / layer.weights if layer.update is not None and layer.weights else None for layer in layers]
    yield fitted(
        [
            Column("layer", [layer.label for layer in layers], right=False),
            Column("largest activation", [number(layer.activation) for layer in layers], drop=2),
            Column("gradient", [number(layer.gradient) for layer in layers]),
            Column("update", [number(layer.update) for layer in layers]),
            Column("weights", [number(layer.weights) for layer in layers], drop=1),
            Column("update/weights", [number(ratio) for ratio in ratios], drop=3),
        ],
        width,
    )
