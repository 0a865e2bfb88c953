"""Record Lookahead and averaged weights from optax, torch and keras: python -m tests.recorded.record_wrappers

Needs what record_optimizers needs. Steps are those of SGD and of Adam on the problems, with a rate that falls; recorded
are the weights that learn and those that follow them, after some steps.
"""

import json
import os
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from tests.recorded.problems import KEPT, PROBLEMS, START, STEPS, Array, X, rate, split
from tests.recorded.record_optimizers import T

FOLDER = Path(__file__).parent
Step = Callable[
    [Callable[[Array], Array], int], tuple[Array, Array]
]  # (gradient, k) -> trained weights, averaged weights


def optaxs_lookahead(transform: Callable[[Any], Any], lr: float, period: int, alpha: float) -> Step:
    """Return a step function of optax.lookahead."""
    optimizer = optax.lookahead(transform(lambda count: rate(lr, count + 1)), period, alpha)
    parameters = optax.LookaheadParams.init_synced(jnp.asarray(START))
    state = optimizer.init(parameters)

    def step(gradient: Callable[[Array], Array], k: int) -> tuple[Array, Array]:
        nonlocal parameters, state
        updates, state = optimizer.update(jnp.asarray(gradient(np.asarray(parameters.fast))), state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        return np.asarray(parameters.fast), np.asarray(parameters.slow)

    return step


class Weights(torch.nn.Module):
    """A module with parameters and no computation."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))


def torchs(every: int = 1, first: int = 1, **keys: Any) -> Step:
    """Return a step function of torch's SGD with an AveragedModel, updated after some of the steps."""
    model = Weights()
    optimizer = T.SGD(model.parameters(), lr=0.05)
    averaged = AveragedModel(model, **keys)

    def step(gradient: Callable[[Array], Array], k: int) -> tuple[Array, Array]:
        theta = model.theta.detach().numpy().copy()
        model.theta.grad = torch.tensor(gradient(theta))
        optimizer.param_groups[0]["lr"] = rate(0.05, k)
        optimizer.step()
        if k >= first and (k - first) % every == 0:
            averaged.update_parameters(model)
        return model.theta.detach().numpy().copy(), averaged.module.theta.detach().numpy().copy()

    return step


def kerass(decay: float) -> Step:
    """Return a step function of keras' SGD with use_ema."""
    variable = keras.Variable(START, dtype="float64")
    optimizer = keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=decay)

    def step(gradient: Callable[[Array], Array], k: int) -> tuple[Array, Array]:
        optimizer.learning_rate = rate(0.05, k)
        optimizer.apply([jnp.asarray(gradient(np.asarray(variable.value)))], [variable])
        (mean,) = optimizer._model_variables_moving_average
        return np.asarray(variable.value).copy(), np.asarray(mean.value).copy()

    return step


def optaxs_ema(decay: float) -> Step:
    """Return a step function of optax' SGD with an EMA of the weights."""
    theta, ema = jnp.asarray(START), optax.ema(decay, debias=True)
    state = ema.init(theta)

    def step(gradient: Callable[[Array], Array], k: int) -> tuple[Array, Array]:
        nonlocal theta, state
        theta = theta - rate(0.05, k) * jnp.asarray(gradient(np.asarray(theta)))
        mean, state = ema.update(theta, state)
        return np.asarray(theta), np.asarray(mean)

    return step


SGD = {"name": "sgd", "lr": 0.05}
EMA = get_ema_multi_avg_fn(0.9)
# case -> (optimizer, lookahead, averaging, steps per epoch, the reference's step function)
CASES: dict[str, tuple[dict[str, Any], Any, Any, int, Callable[[], Step]]] = {
    "lookahead of sgd, optax": (
        SGD,
        {},
        None,
        1,
        lambda: optaxs_lookahead(optax.sgd, 0.05, 5, 0.5),
    ),
    "lookahead of adam, optax": (
        {"name": "adam", "lr": 0.02},
        {"period": 7, "alpha": 0.8},
        None,
        1,
        lambda: optaxs_lookahead(optax.adam, 0.02, 7, 0.8),
    ),
    "ema, torch": (SGD, None, {"name": "ema", "decay": 0.9}, 1, lambda: torchs(multi_avg_fn=EMA)),
    "ema, keras": (SGD, None, {"name": "ema", "dialect": "keras"}, 1, lambda: kerass(0.99)),
    "ema, optax": (SGD, None, {"name": "ema", "dialect": "optax", "decay": 0.9}, 1, lambda: optaxs_ema(0.9)),
    "swa, torch": (SGD, None, {"name": "swa"}, 4, lambda: torchs(every=4, first=76)),
    "swa from 30 %, torch": (SGD, None, {"name": "swa", "start": 0.3}, 2, lambda: torchs(every=2, first=30)),
}


def trajectory(step: Step, gradient: Callable[[Array], Array]) -> dict[str, Any]:
    """Return both sets of weights after the recorded steps."""
    kept = {}
    for k in range(1, STEPS + 1):
        learning, following = step(gradient, k)
        if k in KEPT:
            kept[str(k)] = [learning.tolist(), following.tolist()]
    return kept


def torchs_batch_norm() -> dict[str, Any]:
    """Return the running mean and variance that torch's update_bn computes for a network, on batches of three."""
    W1, b1, *_ = split(START)
    norm = torch.nn.BatchNorm1d(4)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), norm)
    net[0].weight.data, net[0].bias.data = torch.tensor(W1.T), torch.tensor(b1)
    update_bn(torch.tensor(X).split(3), net)
    return {"rows": 3, "mean": norm.running_mean.tolist(), "variance": norm.running_var.tolist()}


def main() -> None:
    """Write the file."""
    found = {}
    for case, (optimizer, lookahead, averaging, steps, make) in CASES.items():
        keys = {"optimizer": optimizer, "lookahead": lookahead, "averaging": averaging, "steps_per_epoch": steps}
        found[case] = {**keys, **{name: trajectory(make(), gradient) for name, gradient in PROBLEMS.items()}}
        print(case)
    versions = {name: version(name) for name in ("torch", "keras", "optax")}
    text = json.dumps({"versions": versions, "batch norm": torchs_batch_norm(), "cases": found}, indent=1)
    text = re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), text)
    (FOLDER / "wrappers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
