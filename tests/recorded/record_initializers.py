"""Record the distributions of initial weights in three libraries: python -m tests.recorded.record_initializers

Needs torch, keras (with jax) and scikit-learn beside NumPy. Random numbers cannot be compared from library to library;
what each library asks its generator for can, and what it makes of given ones.
"""

import json
import os
import re
from collections.abc import Callable
from importlib.metadata import version
from math import sqrt
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
import torch
from keras.src.initializers import random_initializers
from sklearn.neural_network import MLPClassifier

FOLDER = Path(__file__).parent
N_IN, N_OUT = 300, 200
Asked = dict[str, Any]


def torchs(fill: Callable[[torch.Tensor], Any]) -> Asked:
    """Return the distribution that a function of torch.nn.init requests, for weights (O, I)."""
    asked: Asked = {}

    def uniform(tensor: torch.Tensor, low: float = 0.0, high: float = 1.0, **_: Any) -> torch.Tensor:
        asked.update(distribution="uniform", low=low, high=high)
        return tensor

    def normal(tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0, **_: Any) -> torch.Tensor:
        asked.update(distribution="normal", mean=mean, std=std)
        return tensor

    before = torch.Tensor.uniform_, torch.Tensor.normal_
    torch.Tensor.uniform_, torch.Tensor.normal_ = uniform, normal
    fill(torch.zeros(N_OUT, N_IN))
    torch.Tensor.uniform_, torch.Tensor.normal_ = before
    return asked


def kerass(initializer: Any) -> Asked:
    """Return the distribution that a keras initializer requests, for weights (I, O)."""
    asked: Asked = {}
    generator = random_initializers.random

    def uniform(shape: Any, minval: float, maxval: float, **_: Any) -> Any:
        asked.update(distribution="uniform", low=minval, high=maxval)
        return np.zeros(shape)

    def truncated(shape: Any, mean: float, stddev: float, **_: Any) -> Any:
        asked.update(distribution="truncated_normal", mean=mean, std=stddev)
        return np.zeros(shape)

    before = generator.uniform, generator.truncated_normal
    generator.uniform, generator.truncated_normal = uniform, truncated
    initializer((N_IN, N_OUT))
    generator.uniform, generator.truncated_normal = before
    return asked


def sklearns(activation: str) -> Asked:
    """Return the distribution that scikit-learn's MLP requests."""
    asked: Asked = {}

    class Generator:
        def uniform(self, low: float, high: float, shape: Any) -> Any:
            asked.update(distribution="uniform", low=float(low), high=float(high))
            return np.zeros(shape)

    model = MLPClassifier(activation=activation)
    model._random_state = Generator()
    model._init_coef(N_IN, N_OUT, np.float64)
    return asked


def torchs_linear() -> Asked:
    """Return the distribution that torch.nn.Linear requests for both weights and biases."""
    return torchs(lambda weights: torch.nn.Linear(N_IN, N_OUT))


INIT, K = torch.nn.init, keras.initializers
# case -> (keys of the recipe, the distribution the library requests)
CASES: dict[str, tuple[dict[str, Any], Asked]] = {
    "normal, torch": ({"scale": 0.3}, torchs(lambda w: INIT.normal_(w, std=0.3))),
    "uniform, torch": ({"scale": 0.3}, torchs(lambda w: INIT.uniform_(w, -0.3, 0.3))),
    "glorot_uniform, torch": ({"gain": 5 / 3}, torchs(lambda w: INIT.xavier_uniform_(w, gain=5 / 3))),
    "glorot_uniform, keras": ({}, kerass(K.GlorotUniform())),
    "glorot_uniform, scikit-learn": ({}, sklearns("relu")),
    "glorot_uniform, scikit-learn with sigmoid": ({"gain": sqrt(1 / 3)}, sklearns("logistic")),
    "glorot_normal, torch": ({"gain": 5 / 3}, torchs(lambda w: INIT.xavier_normal_(w, gain=5 / 3))),
    "glorot_normal, keras with a gain": (
        {"dialect": "keras", "gain": 5 / 3},
        kerass(K.VarianceScaling(25 / 9, "fan_avg", "truncated_normal")),
    ),
    "glorot_normal, keras": ({"dialect": "keras"}, kerass(K.GlorotNormal())),
    "he_uniform, torch": ({}, torchs(lambda w: INIT.kaiming_uniform_(w, nonlinearity="relu"))),
    "he_uniform, torch before leaky ReLU": ({"slope": 0.2}, torchs(lambda w: INIT.kaiming_uniform_(w, a=0.2))),
    "he_uniform, torch Linear": ({"slope": sqrt(5)}, torchs_linear()),
    "he_uniform, keras": ({}, kerass(K.HeUniform())),
    "he_normal, torch": ({}, torchs(lambda w: INIT.kaiming_normal_(w, nonlinearity="relu"))),
    "he_normal, torch before leaky ReLU": ({"slope": 0.2}, torchs(lambda w: INIT.kaiming_normal_(w, a=0.2))),
    "he_normal, keras before leaky ReLU": (
        {"dialect": "keras", "slope": 0.2},
        kerass(K.VarianceScaling(2 / 1.04, "fan_in", "truncated_normal")),
    ),
    "he_normal, keras": ({"dialect": "keras"}, kerass(K.HeNormal())),
    "lecun_uniform, torch": ({}, torchs(lambda w: INIT.kaiming_uniform_(w, nonlinearity="linear"))),
    "lecun_uniform, keras": ({}, kerass(K.LecunUniform())),
    "lecun_normal, torch": ({}, torchs(lambda w: INIT.kaiming_normal_(w, nonlinearity="linear"))),
    "lecun_normal, keras": ({"dialect": "keras"}, kerass(K.LecunNormal())),
}


def orthogonal(normal: Any) -> Any:
    """Return torch's result for given normal numbers (I, O), which it stores as (O, I)."""
    given = torch.tensor(normal.T.copy(), dtype=torch.float64)
    before = torch.Tensor.normal_
    torch.Tensor.normal_ = lambda tensor, *_, **__: tensor.copy_(given)
    made = INIT.orthogonal_(torch.empty_like(given), gain=1.5)
    torch.Tensor.normal_ = before
    return {"normal": normal.tolist(), "made": made.numpy().T.tolist()}


def sparse(normal: Any, orders: Any) -> Any:
    """Return torch's result for given normal numbers (I, O) and a permutation of the outputs for each input."""
    given, left = torch.tensor(normal.T.copy(), dtype=torch.float64), list(orders)
    before, torch.Tensor.normal_ = torch.Tensor.normal_, lambda tensor, mean, std, **_: tensor.copy_(mean + std * given)
    permutation, torch.randperm = torch.randperm, lambda *_: torch.tensor(left.pop(0))
    made = INIT.sparse_(torch.empty_like(given), sparsity=0.55, std=0.3)
    torch.Tensor.normal_, torch.randperm = before, permutation
    return {"normal": normal.tolist(), "orders": orders.tolist(), "made": made.numpy().T.tolist()}


def main() -> None:
    """Write the file."""
    random = np.random.RandomState(0)
    orders = np.array([random.permutation(5) for _ in range(4)])
    found = {
        "versions": {name: version(name) for name in ("torch", "keras", "scikit-learn")},
        "shape": [N_IN, N_OUT],
        "cases": {case: {"keys": keys, **asked} for case, (keys, asked) in CASES.items()},
        "orthogonal": [orthogonal(np.round(random.standard_normal(shape), 3)) for shape in ((5, 3), (3, 5), (4, 4))],
        "sparse": sparse(np.round(random.standard_normal((4, 5)), 3), orders),
    }
    text = re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), json.dumps(found, indent=1))
    (FOLDER / "initializers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
