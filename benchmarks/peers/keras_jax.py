"""Keras 3 on jax, as its guide writes it: compile, and an epoch for each call of fit."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
from numpy.typing import NDArray

from benchmarks.cases import CLIP_NORM, DROPOUT, LR, Case
from benchmarks.peers import CannotError, Epoch


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    if case.dtype != "float32":
        raise CannotError("float64 on jax without a switch of jax's own")
    layers: list[Any] = [keras.Input((case.widths[0],))]
    dense = []
    for _, n_out, hidden in case.layers:
        dense.append(keras.layers.Dense(n_out))
        layers.append(dense[-1])
        if hidden:
            if case.extra == "batch norm":
                layers.append(keras.layers.BatchNormalization(epsilon=1e-5))
            layers.append(keras.layers.ReLU())
            if case.extra == "dropout":
                layers.append(keras.layers.Dropout(DROPOUT))
    model = keras.Sequential(layers)
    for layer, weights in zip(dense, case.weights(), strict=True):
        layer.kernel.assign(weights)
    kind = keras.optimizers.Adam if case.optimizer == "adam" else keras.optimizers.SGD
    model.compile(
        optimizer=kind(LR, global_clipnorm=CLIP_NORM if case.extra == "clipping" else None),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = case.data()

    def epoch(order: NDArray[Any]) -> float:
        fitted = model.fit(x[order], y[order], batch_size=case.batch, shuffle=False, verbose=0)
        return float(fitted.history["loss"][0])

    return epoch
