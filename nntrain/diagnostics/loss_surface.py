"""The loss over the parameters of a network that has one or two (K: the table's parabola, the line's ravine)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import bad_input
from nntrain.network.inference import ForwardPass
from nntrain.network.network import Network
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

MOST = 2  # parameters of a network whose loss can be drawn
POINTS = {1: 400, 2: 120}  # along each side, by the number of parameters
MARGIN = 0.2  # of the range of the paths, left around them
FAR = 25.0  # times the first loss, as of a run that diverges
WIDEST = 1e150  # range of a parameter that can be drawn
CLOSE, TINY = 1e-3, 1e-9  # of a loss, relative and absolute, within which it is the same
AT_ONCE = 2_000_000  # numbers that outputs may take at a time

Values = NDArray[np.float64]
Path = Values  # (E, P): the parameters at first and after each epoch


@dataclass(frozen=True)
class Surface:
    """The loss on the training part over a grid of P parameters.

    Attributes:
        names: of the parameters (P).
        axes: values of each of them, ascending (G).
        loss: at each point: (G) of one parameter, (G, G) of two, the second one's values along the rows.
    """

    names: tuple[str, ...]
    axes: tuple[Values, ...]
    loss: Values


def path_of(plan: Plan, after: Path, loss: float | None) -> Path:
    """Return the parameters that training starts from, and those ``after`` each epoch (E, P).

    Raises:
        InputError: if the network has another number of them, or another loss at the end than ``loss``, which was
            measured there (None: nobody knows): its data are others than they were.
    """
    count = plan.network.parameters
    if count != after.shape[1]:
        raise bad_input(plan.name, f"its network has {count} parameters now")
    engine = Engine(plan)
    path = np.concatenate([engine.theta[None, :count], after], dtype=np.float64)
    engine.theta[:count] = path[-1]
    if len(after) and loss is not None and not np.isclose(engine.score(engine.train).loss, loss, rtol=CLOSE, atol=TINY):
        raise bad_input(plan.name, "its data give another loss than it had")
    return path


def surface(plan: Plan, points: Values) -> Surface:
    """Return the loss of a plan with one or two parameters (P), over a range that holds ``points`` (N, P).

    Raises:
        InputError: if there is no such range.
    """
    points = points[np.isfinite(points).all(axis=1)]
    if not points.size or np.abs(points).max() > WIDEST:
        raise bad_input(plan.name, "its parameters are too large, or not finite")
    low, high = points.min(axis=0), points.max(axis=0)
    room = MARGIN * np.where(high > low, high - low, 1.0)
    count = plan.network.parameters
    axes = tuple(np.linspace(low[i] - room[i], high[i] + room[i], POINTS[count]) for i in range(count))
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    return Surface(_names(plan.network), axes, losses_at(plan, grid.reshape(-1, count)).reshape(grid.shape[:-1]))


def near(losses: Values) -> NDArray[np.bool_]:
    """Return which points of a path are to be in a picture: those with a loss not FAR above the first one's."""
    size = np.abs(losses)
    known = size[np.isfinite(size) & (size > 0)]
    found = size <= (FAR * known[0] if known.size else np.inf)
    found[0] = True
    return np.asarray(found)


def losses_at(plan: Plan, points: Values) -> Values:
    """Return the loss on the training part at each of the parameters ``points`` (N, P)."""
    engine = Engine(plan)
    train, forward = engine.train, ForwardPass(plan.network, engine.dtype, engine.train.target.shape[1])
    thetas = np.tile(engine.theta, (len(points), 1))
    count, losses = max(1, AT_ONCE // train.target.size), list[float]()
    with np.errstate(over="ignore", invalid="ignore"):
        thetas[:, : plan.network.parameters] = points
        for start in range(0, len(thetas), count):
            losses += forward.losses(thetas[start : start + count], train.x, train.target, plan.loss)[1]
    return np.array(losses)


def _names(network: Network) -> tuple[str, ...]:
    """Return what the parameters are called: w1, b; of more than one layer with its number, as in ``2 w1``."""
    names = np.empty(network.parameters, object)
    for number, arrays in enumerate(network.arrays(np.arange(network.parameters)), start=1):
        layer = f"{number} " if len(network.layers) > 1 else ""
        for name, places in arrays.items():
            letter = {"weights": "w", "biases": "b"}.get(name, name)
            for k, place in enumerate(places.ravel(), start=1):
                names[place] = f"{layer}{letter}{k if places.size > 1 or letter == 'w' else ''}"
    return tuple(str(name) for name in names)


def same_surface(one: Plan, other: Plan) -> bool:
    """Return whether the losses of two plans are the same function of the same parameters."""
    mine, theirs = one.data.train, other.data.train
    if mine.x.shape != theirs.x.shape or one.loss != other.loss:
        return False
    layers = [[(layer.label, layer.trainable, layer.buffers) for layer in plan.network.layers] for plan in (one, other)]
    held = [Engine(plan).theta[plan.network.parameters :].tolist() for plan in (one, other)]
    rows = np.array_equal(mine.x, theirs.x) and np.array_equal(mine.y, theirs.y)
    return layers[0] == layers[1] and held[0] == held[1] and rows
