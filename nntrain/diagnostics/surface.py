"""The loss as a surface over the two parameters of a network that has no more (K: the line's ravine)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import bad_input
from nntrain.network.forward import ForwardPass
from nntrain.network.network import Network
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

POINTS = 160  # along each side
MARGIN = 0.2  # of what the paths take, left around them
CLOSE, TINY = 1e-3, 1e-9  # of a loss, relative and absolute, within which it is the same
AT_ONCE = 2_000_000  # numbers that outputs may take at a time

Path2 = NDArray[np.float64]  # (E, 2): the two parameters at first and after each epoch


@dataclass(frozen=True)
class Surface:
    """The loss on the training part over a grid.

    Attributes:
        names: of the two parameters.
        x: values of the first one (G).
        y: values of the second one (G).
        loss: at each (y, x) (G, G).
    """

    names: tuple[str, str]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    loss: NDArray[np.float64]


def path_of(plan: Plan, after: Sequence[Sequence[float]], loss: float | None) -> Path2:
    """Return the two parameters that training starts from, and those ``after`` each epoch.

    Raises:
        InputError: if the network has another number of them, or another loss at the end than ``loss``, which was
            measured there (None: nobody knows): its data are others than they were.
    """
    if plan.network.parameters != 2:
        raise bad_input(plan.name, f"its network has {plan.network.parameters} parameters now")
    engine = Engine(plan)
    path = np.array([engine.theta[:2], *after], np.float64)
    engine.theta[:2] = path[-1]
    if after and loss is not None and not np.isclose(engine.score(engine.train).loss, loss, rtol=CLOSE, atol=TINY):
        raise bad_input(plan.name, "its data give another loss than it had")
    return path


def surface(plan: Plan, paths: list[Path2]) -> Surface:
    """Return the loss of a plan with two parameters, over a range that holds all ``paths`` that are finite."""
    points = np.concatenate(paths)
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    room = MARGIN * np.where(high > low, high - low, 1.0)
    x, y = (np.linspace(low[i] - room[i], high[i] + room[i], POINTS) for i in range(2))
    engine = Engine(plan)
    train, forward = engine.train, ForwardPass(plan.network, engine.dtype, engine.train.target.shape[1])
    thetas = np.tile(engine.theta, (POINTS * POINTS, 1))
    thetas[:, 0], thetas[:, 1] = np.tile(x, POINTS), np.repeat(y, POINTS)
    count, losses = max(1, AT_ONCE // train.target.size), list[float]()
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(thetas), count):
            losses += forward.losses(thetas[start : start + count], train.x, train.target, plan.loss)[1]
    return Surface(_names(plan.network), x, y, np.array(losses).reshape(POINTS, POINTS))


def _names(network: Network) -> tuple[str, str]:
    """Return what the two parameters are called: w1, b; of more than one layer with its number, as in ``2 w1``."""
    names = np.empty(network.parameters, object)
    for number, arrays in enumerate(network.arrays(np.arange(network.parameters)), start=1):
        layer = f"{number} " if len(network.layers) > 1 else ""
        for name, places in arrays.items():
            letter = {"weights": "w", "biases": "b"}.get(name, name)
            for k, place in enumerate(places.ravel(), start=1):
                names[place] = f"{layer}{letter}{k if places.size > 1 or letter == 'w' else ''}"
    return str(names[0]), str(names[1])


def same_surface(one: Plan, other: Plan) -> bool:
    """Return whether the losses of two plans are the same function of the same parameters."""
    mine, theirs = one.data.train, other.data.train
    if mine.x.shape != theirs.x.shape or one.loss != other.loss:
        return False
    layers = [[(layer.label, layer.learnt, layer.kept) for layer in plan.network.layers] for plan in (one, other)]
    held = [Engine(plan).theta[plan.network.parameters :].tolist() for plan in (one, other)]
    rows = np.array_equal(mine.x, theirs.x) and np.array_equal(mine.y, theirs.y)
    return layers[0] == layers[1] and held[0] == held[1] and rows
