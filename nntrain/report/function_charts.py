"""Charts of activation functions with their derivatives, and of learning-rate schedules."""

from collections.abc import Sequence

import numpy as np

from nntrain.activations import Activation, Shape
from nntrain.diagnostics.layers import slopes
from nntrain.diagnostics.robbins_monro import robbins_monro
from nntrain.registry import Component
from nntrain.report.html.lines import Line, LineChart
from nntrain.schedules import Schedule, Span

RANGE, POINTS = 5.0, 401  # of z


def activation_charts(activations: Sequence[Activation]) -> list[LineChart]:
    """Return a chart for each activation: f(z) and f'(z)."""
    return [_activation(activation) for activation in activations]


def _activation(activation: Activation) -> LineChart:
    z = np.linspace(-RANGE, RANGE, POINTS)
    if activation.distribution:
        title = f"{activation.name}: two units, the first with pre-activation z, the second with 0"
        h = 1 / (1 + np.exp(-z))
        return LineChart(title, [Line("f(z)", z, h, 0), Line("f'(z)", z, h * (1 - h), 1)], "z")
    count = activation.n_slopes(1)
    trainable = np.full(count, activation.coefficient) if count else None
    h = np.empty_like(z)
    activation.forward[z.dtype](z, h, Shape(activation.coefficient, 1) if trainable is None else trainable)
    slope = slopes(activation, z[:, None], h[:, None], trainable)
    lines = [Line("f(z)", z, h, 0)]
    if slope is not None:
        lines.append(Line("f'(z)", z, slope[:, 0], 1))
    return LineChart(_title(activation), lines, "z")


def schedule_charts(schedules: Sequence[Schedule], steps: int) -> list[LineChart]:
    """Return a chart for each schedule: the factor of the learning rate over a run of ``steps`` steps."""
    return [_schedule(schedule, steps) for schedule in schedules]


def _schedule(schedule: Schedule, steps: int) -> LineChart:
    if schedule.reacts:
        return LineChart(_title(schedule), [], "step", note="depends on the losses of a run")
    k = np.arange(steps)
    factors = np.asarray(schedule.factors(k, k, Span(steps, steps)), np.float64)
    found = robbins_monro(schedule, steps)
    note = f"Σε = ∞: {_yes(found.sum_diverges)}; Σε² < ∞: {_yes(found.squares_converge)}"
    return LineChart(
        _title(schedule), [Line("learning rate / lr", k.astype(np.float64), factors, 0)], "step", note=note
    )


def _title(component: Component) -> str:
    """Return a component's name, and its keys that are not the defaults."""
    keys = component.model_dump(exclude_defaults=True)
    return " ".join([component.name, *(f"{key}={value}" for key, value in keys.items() if key != "name")])


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
