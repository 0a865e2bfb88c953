"""The core of ``nntrain surface`` for larger networks: a slice, or the line between two solutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntrain.cli.surfaces import Pictured
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.diagnostics.loss_surface import Surface


def slice_of(what: Sequence[str], settings: list[str], seed: int, optimizers: str | None) -> Pictured | None:
    """Return a slice through the loss of a larger network, or the line between two; None for a small recipe.

    Raises:
        InputError: if the input is wrong.
    """
    import numpy as np

    from nntrain.artifacts.lookup import find
    from nntrain.cli.loading import load_target
    from nntrain.diagnostics.loss_surface import MAX_WEIGHTS
    from nntrain.diagnostics.slices import line_between, random_slice
    from nntrain.losses.test_functions import TestFunction
    from nntrain.registry import members
    from nntrain.training.engine import Engine

    if len(what) > 2:
        raise bad_input("surface", f"found {len(what)} names", "name one, or two runs to draw the line between them")
    if what[0] in members(TestFunction) or (len(what) == 1 and optimizers is not None):
        if len(what) > 1:
            raise bad_input("surface", "a line needs two runs", f"leave out {what[1]}")
        return None
    targets = [load_target(one, settings, None, None) for one in what]
    thetas = [Engine(one.plan).theta if one.theta is None else one.theta for one in targets]
    plan, none = targets[0].plan, np.zeros((0, 1))
    if len(targets) == 2:
        if optimizers is not None:
            raise bad_input("--optimizers", "a line between two runs has no paths", "leave it out")
        if [layer.label for layer in plan.network.layers] != [layer.label for layer in targets[1].plan.network.layers]:
            raise bad_input("surface", "the two networks differ", "name two runs of one recipe")
        drawn = line_between(plan, *thetas)
        return Pictured(f"{what[0]} to {what[1]}", drawn, none, (), _line_facts(drawn), ())
    if plan.network.parameters <= MAX_WEIGHTS and find(what[0]).model is None:
        return None
    about = f"training loss around the weights, along two random directions normalized by filter, seed {seed}"
    return Pictured(what[0], random_slice(plan, thetas[0], seed), np.zeros((0, 2)), (), about, ())


def _line_facts(drawn: Surface) -> str:
    import numpy as np

    (at,), loss = drawn.axes, drawn.loss
    ends = [float(np.interp(end, at, loss)) for end in (0, 1)]
    inside = loss[(at >= 0) & (at <= 1)]
    barrier = float(inside.max()) - max(ends)
    return f"training loss {ends[0]:.4g} and {ends[1]:.4g} at the ends; barrier of {max(barrier, 0.0):.4g} between them"
