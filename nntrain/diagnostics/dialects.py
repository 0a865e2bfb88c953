"""Compare dialects: what other libraries mean by the same name, and when trajectories diverge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.errors import bad_input, nearest
from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.network.regularize import BIASES, DECAY, PENALTIES, decay
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.averaging import Averaging
from nntrain.registry import Component, members

DIMENSIONS = 20
CURVATURE = np.logspace(-3, 1, DIMENSIONS)  # of the quadratic ½ Σ c w²
STEPS = 1000
DIVERGED_FRACTION = 0.01  # of the distance that the first dialect has travelled
RATE_DECAY = 0.01  # the learning rate of step k is lr / (1 + RATE_DECAY (k - 1))


@dataclass(frozen=True)
class Dialect:
    """One dialect of an optimizer.

    Attributes:
        name: the library, or ``lecture`` or ``paper``.
        keys: its values of the recipe keys that differ between dialects.
        family: such as ``optimizer``; only optimizers have trajectories.
        parts: the step at which its trajectory diverges by 1 % from the first dialect's; None if not within 1000.
        parts_at_equal_rate: the same with both at the first dialect's learning rate.
    """

    name: str
    keys: dict[str, Any]
    family: str
    parts: int | None
    parts_at_equal_rate: int | None


def dialects_of(name: str) -> list[Dialect]:
    """Return the dialects of the component ``name``, the default one first.

    Raises:
        InputError: if the name is unknown or means the same everywhere.
    """
    families: tuple[type[Component], ...] = (Optimizer, Initializer, Norm, Activation, Loss, Averaging)
    known = {key: kind for family in families for key, kind in members(family).items() if kind.dialects}
    if name not in known:
        if any(name in members(family) for family in families):
            raise bad_input("dialects", f"{name} means the same everywhere", f"with dialects: {', '.join(known)}")
        hint = f"{nearest(name, known)} with dialects: {', '.join(known)}".strip()
        raise bad_input("dialects", f"no component with dialects is called {name!r}", hint)
    kind = known[name]
    names = get_args(kind.model_fields["dialect"].annotation)
    optimizers = {dialect: kind.model_validate({"dialect": dialect}) for dialect in names}
    values = {dialect: optimizer.model_dump(exclude={"name", "dialect"}) for dialect, optimizer in optimizers.items()}
    first = optimizers[names[0]]
    differing = [key for key in values[names[0]] if len({repr(keys[key]) for keys in values.values()}) > 1]
    return [
        Dialect(
            dialect,
            {key: values[dialect][key] for key in differing},
            kind.family,
            *_diverging_steps(first, optimizer),
        )
        for dialect, optimizer in optimizers.items()
    ]


def _diverging_steps(first: Component, other: Component) -> tuple[int | None, int | None]:
    if isinstance(first, Optimizer) and isinstance(other, Optimizer):
        return _diverging_step(first, other, other.lr), _diverging_step(first, other, first.lr)
    return None, None


def _diverging_step(first: Optimizer, other: Optimizer, lr: float) -> int | None:
    pairs = zip(_trajectory(first, first.lr), _trajectory(other, lr), strict=True)
    for k, (here, there) in enumerate(pairs, start=1):
        if np.linalg.norm(here - there) > DIVERGED_FRACTION * np.linalg.norm(here - 1):
            return k
    return None


def _trajectory(optimizer: Optimizer, lr: float) -> Iterator[NDArray[np.float64]]:
    """Yield the parameters after each step on the quadratic, from ones, with a slowly falling learning rate."""
    theta, tensors = np.ones(DIMENSIONS), np.array([[0, 0, DIMENSIONS]])
    state, hyper = np.zeros((optimizer.rows(tensors), DIMENSIONS)), np.array(optimizer.hyper(), np.float64)
    penalty = np.zeros(PENALTIES)
    penalty[DECAY], penalty[BIASES] = optimizer.decay, 1
    update = optimizer.update[theta.dtype]
    for k in range(1, STEPS + 1):
        rate = lr / (1 + RATE_DECAY * (k - 1))
        gradient = CURVATURE * theta
        decay(tensors, theta, penalty, rate)
        update(theta, gradient, state, tensors, hyper, rate, k, 0, theta.size)
        yield theta.copy()
