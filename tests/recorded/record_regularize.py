"""Record L2 penalties with clipping, in both orders, from torch and keras: python -m tests.recorded.record_regularize

Needs what record_optimizers needs. torch clips the gradient of the loss and adds l2 in the optimizer (weight_decay);
keras' regularizers are part of the loss, so that their gradient is clipped with it.
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
import torch

from tests.recorded.problems import KEPT, PROBLEMS, START, STEPS, Array, rate
from tests.recorded.record_optimizers import K, T

FOLDER = Path(__file__).parent
L2, NORM, VALUE = 0.3, 0.4, 0.05
Step = Callable[[Array, int], Array]  # (gradient of the loss, step number) -> new parameters


def torchs(kind: Any, lr: float, clip: Callable[[Any], Any], **keys: Any) -> Step:
    """Return a step function of a torch optimizer with weight_decay, after clipping."""
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = kind([theta], lr=lr, weight_decay=L2, **keys)

    def step(gradient: Array, k: int) -> Array:
        theta.grad = torch.tensor(gradient)
        clip([theta])
        optimizer.param_groups[0]["lr"] = rate(lr, k)
        optimizer.step()
        return theta.detach().numpy().copy()

    return step


def kerass(kind: Any, lr: float, **keys: Any) -> Step:
    """Return a step function of a keras optimizer that clips the gradient of loss plus penalty."""
    variable = keras.Variable(START, dtype="float64")
    optimizer = kind(learning_rate=lr, **keys)

    def step(gradient: Array, k: int) -> Array:
        optimizer.learning_rate = rate(lr, k)
        optimizer.apply([jnp.asarray(gradient + L2 * np.asarray(variable.value))], [variable])
        return np.asarray(variable.value).copy()

    return step


def by_norm(parameters: Any) -> None:
    """Clip by norm, as torch does."""
    torch.nn.utils.clip_grad_norm_(parameters, NORM)


def by_value(parameters: Any) -> None:
    """Clip by value, as torch does."""
    torch.nn.utils.clip_grad_value_(parameters, VALUE)


SGD, ADAM = {"name": "sgd", "lr": 0.05}, {"name": "adam", "lr": 0.02}
# case -> (optimizer, keys of regularization, the reference's step function)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[], Step]]] = {
    "torch sgd, norm": (SGD, {"l2": L2, "clip_norm": NORM, "clip_first": True}, lambda: torchs(T.SGD, 0.05, by_norm)),
    "torch adam, norm": (
        ADAM,
        {"l2": L2, "clip_norm": NORM, "clip_first": True},
        lambda: torchs(T.Adam, 0.02, by_norm),
    ),
    "torch sgd, value": (
        SGD,
        {"l2": L2, "clip_value": VALUE, "clip_first": True},
        lambda: torchs(T.SGD, 0.05, by_value),
    ),
    "keras sgd, norm": (SGD, {"l2": L2, "clip_norm": NORM}, lambda: kerass(K.SGD, 0.05, global_clipnorm=NORM)),
    "keras sgd, value": (SGD, {"l2": L2, "clip_value": VALUE}, lambda: kerass(K.SGD, 0.05, clipvalue=VALUE)),
}


def trajectory(step: Step, gradient: Callable[[Array], Array]) -> dict[str, Any]:
    """Return the parameters after the recorded steps."""
    theta, kept = START.copy(), {}
    for k in range(1, STEPS + 1):
        theta = step(gradient(theta), k)
        if k in KEPT:
            kept[str(k)] = theta.tolist()
    return kept


def main() -> None:
    """Write the file."""
    found = {}
    for case, (optimizer, keys, make) in CASES.items():
        trajectories = {name: trajectory(make(), gradient) for name, gradient in PROBLEMS.items()}
        found[case] = {"optimizer": optimizer, "keys": keys, **trajectories}
    versions = {name: version(name) for name in ("torch", "keras")}
    text = json.dumps({"versions": versions, "cases": found}, indent=1)
    text = re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), text)
    (FOLDER / "regularize.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
