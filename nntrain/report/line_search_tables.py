"""Line searches as tables with one row per trial."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.optimizers.conjugate_gradients import ConjugateGradients
from nntrain.report.components import component_facts
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import short
from nntrain.training.conjugate_directions import Iteration

DIGITS = 4


def searches_text(iterations: Sequence[Iteration], optimizer: ConjugateGradients, width: int) -> RenderableType:
    """Return the iterations of conjugate gradients as text for ``width`` columns."""
    parts: list[RenderableType] = [
        Text(f"\n{optimizer.name}, from its initial state", "bold"),
        Text(component_facts(type(optimizer))["formula"], "dim"),
    ]
    if not iterations:
        parts.append(Text("\nno step: the gradient is within optimizer.tolerance, or no step meets both conditions"))
    for one in iterations:
        parts += _iteration(one, optimizer, width)
    return Group(*parts)


def _iteration(one: Iteration, optimizer: ConjugateGradients, width: int) -> Iterator[RenderableType]:
    direction = "d = -g" if one.beta == 0 else f"d = -g + {short(one.beta, DIGITS)} d"
    yield Text(f"\niteration {one.number}: {direction}", "bold")
    yield Text(f"loss {short(one.loss, DIGITS)}, slope along d {short(one.slope, DIGITS)}")
    trials, limit = one.trials, optimizer.c2 * abs(one.slope)
    bounds = [one.loss + optimizer.c1 * trial.step * one.slope for trial in trials]
    yield fitted(
        [
            Column("trial", [str(number) for number in range(1, len(trials) + 1)]),
            Column("a", [short(trial.step, DIGITS) for trial in trials]),
            Column("L(a)", [short(trial.loss, DIGITS) for trial in trials]),
            Column("at most", [short(bound, DIGITS) for bound in bounds], drop=2, name="largest L(a)"),
            Column("holds", [_mark(trial.decreases) for trial in trials], right=False),
            Column("L'(a)", [short(trial.slope, DIGITS) for trial in trials]),
            Column("at most ±", [short(limit, DIGITS)] * len(trials), drop=1, name="largest |L'(a)|"),
            Column("holds", [_mark(trial.flattens) for trial in trials], right=False),
        ],
        width,
    )
    yield Text(f"accepted: a = {short(one.accepted.step, DIGITS)}, loss {short(one.accepted.loss, DIGITS)}")


def _mark(holds: bool) -> str:
    return "yes" if holds else "no"
