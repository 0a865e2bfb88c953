"""Record optimizers' trajectories from torch, keras, optax and scikit-learn: python -m tests.recorded.record_optimizers

Needs torch, keras, optax, jax and scikit-learn beside NumPy; the tests need none of them, only what is written here.
Everything runs in float64. There is a file for each optimizer. For each case it holds the equivalent keys of nntrain's
recipe, and the parameters after some steps on each problem.
"""

import os
from collections.abc import Callable
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch
from sklearn.neural_network import _stochastic_optimizers as sklearn_optimizers

from tests.recorded.problems import SHAPES, Array, rate
from tests.recorded.record_common import Factory, Step, torchs, write

keras.backend.set_floatx("float64")


def torchs_muon(
    lr: float, of_matrices: dict[str, Any] | None = None, of_vectors: dict[str, Any] | None = None
) -> Factory:
    """Return torch's Muon for matrices, with float64 in place of bfloat16, and its Adam for vectors."""

    def make(start: list[Array]) -> Step:
        matrices = [i for i, part in enumerate(start) if part.ndim == 2]
        vectors = [i for i, part in enumerate(start) if part.ndim == 1]
        keys = {"weight_decay": 0.0, **(of_matrices or {})}
        muon = torchs(torch.optim.Muon, lr, transposed=True, **keys)([start[i] for i in matrices])
        adam = torchs(torch.optim.Adam, lr, **(of_vectors or {}))([start[i] for i in vectors])

        def step(gradients: list[Array], k: int) -> list[Array]:
            half, torch.Tensor.bfloat16 = torch.Tensor.bfloat16, torch.Tensor.double
            found = dict(zip(matrices, muon([gradients[i] for i in matrices], k), strict=True))
            torch.Tensor.bfloat16 = half
            found |= dict(zip(vectors, adam([gradients[i] for i in vectors], k), strict=True))
            return [found[i] for i in range(len(start))]

        return step

    return make


def kerass(kind: Any, lr: float, **keys: Any) -> Factory:
    """Return a factory of step functions for a class of keras.optimizers."""

    def make(start: list[Array]) -> Step:
        variables = [keras.Variable(part, dtype="float64") for part in start]
        optimizer = kind(learning_rate=lr, **keys)

        def step(gradients: list[Array], k: int) -> list[Array]:
            optimizer.learning_rate = rate(lr, k)
            optimizer.apply([jnp.asarray(gradient) for gradient in gradients], variables)
            return [np.asarray(variable.value).copy() for variable in variables]

        return step

    return make


def optaxs(transform: Callable[[Any], Any], lr: float) -> Factory:
    """Return a factory of step functions for an optax optimizer, given a schedule that counts steps from 0."""

    def make(start: list[Array]) -> Step:
        optimizer = transform(lambda count: rate(lr, count + 1))
        parameters = [jnp.asarray(part) for part in start]
        state = optimizer.init(parameters)

        def step(gradients: list[Array], k: int) -> list[Array]:
            nonlocal parameters, state
            updates, state = optimizer.update([jnp.asarray(gradient) for gradient in gradients], state, parameters)
            parameters = optax.apply_updates(parameters, updates)
            return [np.asarray(part).copy() for part in parameters]

        return step

    return make


def sklearns(kind: Any, lr: float, **keys: Any) -> Factory:
    """Return a factory of step functions for an optimizer of scikit-learn's MLP."""

    def make(start: list[Array]) -> Step:
        parameters = [part.copy() for part in start]
        optimizer = kind(parameters, learning_rate_init=lr, **keys)

        def step(gradients: list[Array], k: int) -> list[Array]:
            # SGD uses learning_rate; Adam computes it from learning_rate_init
            optimizer.learning_rate = optimizer.learning_rate_init = rate(lr, k)
            optimizer.update_params(parameters, [gradient.copy() for gradient in gradients])
            return [part.copy() for part in parameters]

        return step

    return make


K, T, S = keras.optimizers, torch.optim, sklearn_optimizers
WEIGHTS = [len(shape) == 2 for _, shape in SHAPES]

# optimizer -> case -> (keys of the recipe, factory of the reference's step function); the reference repeats lr
CASES: dict[str, dict[str, tuple[dict[str, Any], Any]]] = {
    "sgd": {
        "torch": ({"lr": 0.05}, torchs(T.SGD, 0.05)),
    },
    "momentum": {
        "torch": ({"lr": 0.01}, torchs(T.SGD, 0.01, momentum=0.9)),
        "torch dampening": (
            {"lr": 0.02, "momentum": 0.8, "dampening": 0.3},
            torchs(T.SGD, 0.02, momentum=0.8, dampening=0.3),
        ),
        "torch dampening without momentum": (
            {"lr": 0.02, "momentum": 0.0, "dampening": 0.5},
            torchs(T.SGD, 0.02, momentum=0.0, dampening=0.5),
        ),
        "keras other": ({"dialect": "keras", "lr": 0.02, "momentum": 0.7}, kerass(K.SGD, 0.02, momentum=0.7)),
        "keras": ({"dialect": "keras"}, kerass(K.SGD, 0.01, momentum=0.9)),
        "scikit-learn": (
            {"dialect": "scikit-learn"},
            sklearns(S.SGDOptimizer, 0.001, momentum=0.9, nesterov=False),
        ),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.sgd(lr, momentum=0.9), 0.01)),
    },
    "nesterov": {
        "torch": ({"lr": 0.01}, torchs(T.SGD, 0.01, momentum=0.9, nesterov=True)),
        "keras": ({"dialect": "keras"}, kerass(K.SGD, 0.01, momentum=0.9, nesterov=True)),
        "scikit-learn": (
            {"dialect": "scikit-learn"},
            sklearns(S.SGDOptimizer, 0.001, momentum=0.9, nesterov=True),
        ),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True), 0.01)),
        "torch other": (
            {"lr": 0.02, "momentum": 0.7},
            torchs(T.SGD, 0.02, momentum=0.7, nesterov=True),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.02, "momentum": 0.7},
            kerass(K.SGD, 0.02, momentum=0.7, nesterov=True),
        ),
    },
    "adagrad": {
        "torch": ({}, torchs(T.Adagrad, 0.01)),
        "torch initial": ({"initial": 0.2, "lr": 0.1}, torchs(T.Adagrad, 0.1, initial_accumulator_value=0.2)),
        "keras": ({"dialect": "keras"}, kerass(K.Adagrad, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.adagrad(lr), 0.01)),
        "torch other": (
            {"lr": 0.1, "eps": 0.01, "initial": 0.2},
            torchs(T.Adagrad, 0.1, eps=0.01, initial_accumulator_value=0.2),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.1, "eps_root": 0.01, "initial": 0.2},
            kerass(K.Adagrad, 0.1, epsilon=0.01, initial_accumulator_value=0.2),
        ),
    },
    "adadelta": {
        "torch": ({}, torchs(T.Adadelta, 1.0)),
        "keras": ({"dialect": "keras"}, kerass(K.Adadelta, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.adadelta(lr), 1.0)),
        "torch other": ({"lr": 0.5, "rho": 0.8, "eps_root": 0.01}, torchs(T.Adadelta, 0.5, rho=0.8, eps=0.01)),
    },
    "rmsprop": {
        "torch": ({}, torchs(T.RMSprop, 0.01)),
        "torch centered": (
            {"centered": True, "momentum": 0.9, "lr": 0.001},
            torchs(T.RMSprop, 0.001, centered=True, momentum=0.9),
        ),
        "keras": ({"dialect": "keras"}, kerass(K.RMSprop, 0.001)),
        "keras centered": (
            {"dialect": "keras", "centered": True, "momentum": 0.9},
            kerass(K.RMSprop, 0.001, centered=True, momentum=0.9),
        ),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.rmsprop(lr), 0.01)),
        "optax centered": (
            {"dialect": "optax", "centered": True, "momentum": 0.9, "lr": 0.001},
            optaxs(lambda lr: optax.rmsprop(lr, centered=True, momentum=0.9), 0.001),
        ),
        "torch other": ({"lr": 0.02, "rho": 0.9, "eps": 0.01}, torchs(T.RMSprop, 0.02, alpha=0.9, eps=0.01)),
        "torch other, centered": (
            {"lr": 0.02, "rho": 0.9, "eps": 0.01, "centered": True, "momentum": 0.8},
            torchs(T.RMSprop, 0.02, alpha=0.9, eps=0.01, centered=True, momentum=0.8),
        ),
        "keras other": (
            {"dialect": "keras", "rho": 0.8, "eps_root": 0.01, "momentum": 0.8},
            kerass(K.RMSprop, 0.001, rho=0.8, epsilon=0.01, momentum=0.8),
        ),
        "keras other, centered": (
            {"dialect": "keras", "lr": 0.02, "rho": 0.8, "eps_root": 0.01, "centered": True, "momentum": 0.8},
            kerass(K.RMSprop, 0.02, rho=0.8, epsilon=0.01, centered=True, momentum=0.8),
        ),
        "optax eps outside": (
            {"dialect": "optax", "lr": 0.02, "rho": 0.8, "eps": 0.01, "eps_root": 0.0, "momentum": 0.8},
            optaxs(lambda lr: optax.rmsprop(lr, decay=0.8, eps=0.01, eps_in_sqrt=False, momentum=0.8), 0.02),
        ),
    },
    "adam": {
        "torch": ({}, torchs(T.Adam, 0.001)),
        "torch other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            torchs(T.Adam, 0.02, betas=(0.8, 0.95), eps=0.01),
        ),
        "keras": ({"dialect": "keras"}, kerass(K.Adam, 0.001)),
        "keras eps": ({"dialect": "keras", "eps": 0.01}, kerass(K.Adam, 0.001, epsilon=0.01)),
        "scikit-learn": ({"dialect": "scikit-learn"}, sklearns(S.AdamOptimizer, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.adam(lr), 0.001)),
        "optax eps_root": (
            {"dialect": "optax", "eps": 0.001, "eps_root": 0.01},
            optaxs(lambda lr: optax.adam(lr, eps=0.001, eps_root=0.01), 0.001),
        ),
        "torch without means": ({"lr": 0.02, "beta1": 0.0, "beta2": 0.0}, torchs(T.Adam, 0.02, betas=(0.0, 0.0))),
        "keras other": (
            {"dialect": "keras", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            kerass(K.Adam, 0.02, beta_1=0.8, beta_2=0.95, epsilon=0.01),
        ),
        "scikit-learn other": (
            {"dialect": "scikit-learn", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            sklearns(S.AdamOptimizer, 0.02, beta_1=0.8, beta_2=0.95, epsilon=0.01),
        ),
        "optax other": (
            {"dialect": "optax", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.001, "eps_root": 0.01},
            optaxs(lambda lr: optax.adam(lr, 0.8, 0.95, eps=0.001, eps_root=0.01), 0.02),
        ),
    },
    "adamw": {
        "torch": ({}, torchs(T.AdamW, 0.001)),
        "torch other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.5},
            torchs(T.AdamW, 0.02, betas=(0.8, 0.95), eps=0.01, weight_decay=0.5),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.5},
            kerass(K.AdamW, 0.02, beta_1=0.8, beta_2=0.95, epsilon=0.01, weight_decay=0.5),
        ),
        "optax other": (
            {"dialect": "optax", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.001, "eps_root": 0.01}
            | {"weight_decay": 0.5},
            optaxs(lambda lr: optax.adamw(lr, 0.8, 0.95, eps=0.001, eps_root=0.01, weight_decay=0.5), 0.02),
        ),
        "keras": ({"dialect": "keras"}, kerass(K.AdamW, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.adamw(lr), 0.001)),
    },
    "amsgrad": {
        "torch": ({}, torchs(T.Adam, 0.001, amsgrad=True)),
        "torch other": (
            {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 0.01},
            torchs(T.Adam, 0.1, betas=(0.8, 0.9), eps=0.01, amsgrad=True),
        ),
        "keras": ({"dialect": "keras"}, kerass(K.Adam, 0.001, amsgrad=True)),
        "keras other": (
            {"dialect": "keras", "lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 0.01},
            kerass(K.Adam, 0.1, beta_1=0.8, beta_2=0.9, epsilon=0.01, amsgrad=True),
        ),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.amsgrad(lr), 0.001)),
        "optax other": (
            {"dialect": "optax", "lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 0.01},
            optaxs(lambda lr: optax.amsgrad(lr, b1=0.8, b2=0.9, eps=0.01), 0.1),
        ),
    },
    "adamax": {
        "torch": ({}, torchs(T.Adamax, 0.002)),
        "torch other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps_max": 0.01},
            torchs(T.Adamax, 0.02, betas=(0.8, 0.9), eps=0.01),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 0.01},
            kerass(K.Adamax, 0.02, beta_1=0.8, beta_2=0.9, epsilon=0.01),
        ),
        "keras": ({"dialect": "keras"}, kerass(K.Adamax, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.adamax(lr), 0.002)),
    },
    "nadam": {
        "torch": ({}, torchs(T.NAdam, 0.002)),
        "keras": ({"dialect": "keras"}, kerass(K.Nadam, 0.001)),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.nadam(lr), 0.001)),
        "optax eps_root": (
            {"dialect": "optax", "eps": 0.001, "eps_root": 0.01},
            optaxs(lambda lr: optax.nadam(lr, eps=0.001, eps_root=0.01), 0.001),
        ),
        "torch other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "psi": 0.1},
            torchs(T.NAdam, 0.02, betas=(0.8, 0.95), eps=0.01, momentum_decay=0.1),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            kerass(K.Nadam, 0.02, beta_1=0.8, beta_2=0.95, epsilon=0.01),
        ),
        "optax other": (
            {"dialect": "optax", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.001, "eps_root": 0.01},
            optaxs(lambda lr: optax.nadam(lr, 0.8, 0.95, eps=0.001, eps_root=0.01), 0.02),
        ),
    },
    "radam": {
        "torch": ({}, torchs(T.RAdam, 0.001)),
        "torch other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            torchs(T.RAdam, 0.02, betas=(0.8, 0.95), eps=0.01),
        ),
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.radam(lr), 0.001)),
        "optax other": (
            {"dialect": "optax", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            optaxs(lambda lr: optax.radam(lr, 0.8, 0.95, eps=0.01), 0.02),
        ),
    },
    "rprop": {
        "torch": ({}, torchs(T.Rprop, 0.01)),
        "torch other": (
            {"lr": 0.02, "eta_minus": 0.3, "eta_plus": 1.5, "step_min": 0.001, "step_max": 0.05},
            torchs(T.Rprop, 0.02, etas=(0.3, 1.5), step_sizes=(0.001, 0.05)),
        ),
    },
    "lion": {
        "optax": ({"dialect": "optax"}, optaxs(lambda lr: optax.lion(lr), 1e-4)),
        "keras": ({"dialect": "keras"}, kerass(K.Lion, 0.001)),
        "optax other": (
            {"dialect": "optax", "lr": 0.002, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.5},
            optaxs(lambda lr: optax.lion(lr, 0.8, 0.95, weight_decay=0.5), 0.002),
        ),
        "keras other": (
            {"dialect": "keras", "lr": 0.002, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.5},
            kerass(K.Lion, 0.002, beta_1=0.8, beta_2=0.95, weight_decay=0.5),
        ),
    },
    "adabelief": {
        "optax": ({}, optaxs(lambda lr: optax.adabelief(lr), 0.001)),
        "optax other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "eps_root": 0.001},
            optaxs(lambda lr: optax.adabelief(lr, 0.8, 0.95, eps=0.01, eps_root=0.001), 0.02),
        ),
    },
    "yogi": {
        "optax": ({}, optaxs(lambda lr: optax.yogi(lr), 0.01)),
        "optax other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "initial": 0.1},
            optaxs(
                lambda lr: optax.chain(
                    optax.scale_by_yogi(0.8, 0.95, eps=0.01, initial_accumulator_value=0.1),
                    optax.scale_by_learning_rate(lr),
                ),
                0.02,
            ),
        ),
    },
    "lamb": {
        "optax": ({}, optaxs(lambda lr: optax.lamb(lr), 0.001)),
        "optax decay": (
            {"weight_decay": 0.1},
            optaxs(lambda lr: optax.lamb(lr, weight_decay=0.1, mask=WEIGHTS), 0.001),
        ),
        "optax other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.1},
            optaxs(lambda lr: optax.lamb(lr, 0.8, 0.95, eps=0.01, weight_decay=0.1, mask=WEIGHTS), 0.02),
        ),
    },
    "muon": {
        "torch": ({}, torchs_muon(0.001)),
        "torch other": (
            {"lr": 0.02, "momentum": 0.8, "eps_norm": 0.5, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            torchs_muon(0.02, {"momentum": 0.8, "eps": 0.5}, {"betas": (0.8, 0.95), "eps": 0.01}),
        ),
    },
}


if __name__ == "__main__":
    write(CASES, "torch", "keras", "optax", "scikit-learn")
