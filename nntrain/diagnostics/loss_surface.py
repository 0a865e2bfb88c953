"""The loss of a network with one or two parameters as a function of them (K: parabola, ravine)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import bad_input
from nntrain.network.inference import ForwardPass
from nntrain.network.network import Network
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

MAX_WEIGHTS = 2  # parameters
GRID_POINTS = {1: 400, 2: 120}  # per axis, by number of parameters
GRID_MARGIN = 0.2  # relative to the range of the paths
MAX_LOSS_RATIO = 25.0  # relative to the initial loss; beyond it a run diverges
MAX_PARAMETER = 1e150
SAME_LOSS_RTOL, TINY = 1e-3, 1e-9  # tolerances within which losses are equal
MAX_OUTPUTS = 2_000_000  # numbers computed at a time

Values = NDArray[np.float64]
Path = Values  # (E, P): the initial parameters and those after each epoch


@dataclass(frozen=True)
class Surface:
    """The training loss over a grid of P parameters.

    Attributes:
        names: of the parameters (P).
        axes: ascending values of each parameter (G).
        loss: at each point: (G) or (G, G), the second parameter along the rows.
    """

    names: tuple[str, ...]
    axes: tuple[Values, ...]
    loss: Values


def path_of(plan: Plan, after: Path, loss: float | None) -> Path:
    """Return the initial parameters and those ``after`` each epoch (E, P).

    Raises:
        InputError: if the number of parameters has changed, or the final loss differs from ``loss`` (None: unknown),
            so that the data must have changed.
    """
    count = plan.network.parameters
    if count != after.shape[1]:
        raise bad_input(plan.name, f"its network has {count} parameters now")
    engine = Engine(plan)
    path = np.concatenate([engine.theta[None, :count], after], dtype=np.float64)
    engine.theta[:count] = path[-1]
    if (
        len(after)
        and loss is not None
        and not np.isclose(engine.score(engine.train).loss, loss, rtol=SAME_LOSS_RTOL, atol=TINY)
    ):
        raise bad_input(plan.name, "its loss on the data differs from the recorded one: have the data changed?")
    return path


def surface(plan: Plan, points: Values, margin: float = GRID_MARGIN) -> Surface:
    """Return the loss of a plan with one or two parameters (P) over a range that contains ``points`` (N, P).

    Args:
        plan: network, loss and data.
        points: what the range contains.
        margin: by which it is larger, relative to its size.

    Raises:
        InputError: if the range is not finite or too large.
    """
    points = points[np.isfinite(points).all(axis=1)]
    if not points.size or np.abs(points).max() > MAX_PARAMETER:
        raise bad_input(plan.name, "its parameters are too large, or not finite")
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * np.where(high > low, high - low, 1.0)
    count = plan.network.parameters
    axes = tuple(np.linspace(low[i] - room[i], high[i] + room[i], GRID_POINTS[count]) for i in range(count))
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    return Surface(_names(plan.network), axes, losses_at(plan, grid.reshape(-1, count)).reshape(grid.shape[:-1]))


def near(losses: Values) -> NDArray[np.bool_]:
    """Return which points of a path to draw: those whose loss is at most MAX_LOSS_RATIO times the first."""
    size = np.abs(losses)
    known = size[np.isfinite(size) & (size > 0)]
    found = size <= (MAX_LOSS_RATIO * known[0] if known.size else np.inf)
    found[0] = True
    return np.asarray(found)


def losses_at(plan: Plan, points: Values) -> Values:
    """Return the training loss at each point (N, P)."""
    engine = Engine(plan)
    train, forward = engine.train, ForwardPass(plan.network, engine.dtype, engine.train.target.shape[1])
    thetas = np.tile(engine.theta, (len(points), 1))
    count, losses = max(1, MAX_OUTPUTS // train.target.size), list[float]()
    with np.errstate(over="ignore", invalid="ignore"):
        thetas[:, : plan.network.parameters] = points
        for start in range(0, len(thetas), count):
            losses += forward.losses(
                thetas[start : start + count], train.x, train.target, plan.loss, weights=train.weights
            )[1]
    return np.array(losses)


def _names(network: Network) -> tuple[str, ...]:
    """Return the names of the parameters, such as w1 and b; with several layers, such as ``2 w1``."""
    names = np.empty(network.parameters, object)
    for number, arrays in enumerate(network.arrays(np.arange(network.parameters)), start=1):
        layer = f"{number} " if len(network.layers) > 1 else ""
        for name, places in arrays.items():
            letter = {"weights": "w", "biases": "b"}.get(name, name)
            for k, place in enumerate(places.ravel(), start=1):
                names[place] = f"{layer}{letter}{k if places.size > 1 or letter == 'w' else ''}"
    return tuple(str(name) for name in names)


def same_surface(one: Plan, other: Plan) -> bool:
    """Return whether two plans have the same loss function of the same parameters."""
    mine, theirs = one.data.train, other.data.train
    if mine.x.shape != theirs.x.shape or one.loss != other.loss:
        return False
    layers = [[(layer.label, layer.trainable, layer.buffers) for layer in plan.network.layers] for plan in (one, other)]
    held = [Engine(plan).theta[plan.network.parameters :].tolist() for plan in (one, other)]
    rows = np.array_equal(mine.x, theirs.x) and np.array_equal(mine.y, theirs.y)
    return layers[0] == layers[1] and held[0] == held[1] and rows
