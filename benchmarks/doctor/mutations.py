# ruff: noqa: E501 - tables
"""Operators that break a healthy recipe, each with the diagnosis that is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Table = tuple[Any, Any]


@dataclass(frozen=True)
class Mutation:
    """A fault.

    Attributes:
        name: of the operator.
        causes: ids of the diagnoses that name it; the first one is the main one.
        settings: recipe keys that it sets, given the healthy recipe.
        rows: what it does to the table (features, target).
        only: restricts it to ``classes`` or ``numbers``.
        data_cure: settings that cure what ``rows`` did, if a recipe can.
    """

    name: str
    causes: tuple[str, ...]
    settings: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda recipe: {}
    rows: Callable[[Table, np.random.Generator], Table] | None = None
    only: str = ""
    same: Mapping[str, Any] = field(default_factory=dict)


def _set(**settings: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda recipe: {key.replace("__", "."): value for key, value in settings.items()}


def _rate(factor: float) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda recipe: {"optimizer.lr": recipe["optimizer"]["lr"] * factor}


def _epochs(factor: float) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda recipe: {"training.epochs": max(1, round(recipe["training"]["epochs"] * factor))}


def _units(count: int) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda recipe: {"model.hidden": [count for _ in recipe["model"]["hidden"]]}


def _scaled(table: Table, random: np.random.Generator) -> Table:
    x, y = table
    return x * 10.0 ** random.uniform(-3, 3, x.shape[1]), y


def _far_target(table: Table, random: np.random.Generator) -> Table:
    x, y = table
    return x, 1000 + 300 * (y - y.mean()) / y.std()


def _outliers(table: Table, random: np.random.Generator) -> Table:
    x, y = np.array(table[0], float), table[1]
    rows = random.choice(len(x), max(3, len(x) // 60), replace=False)
    x[rows] = x[rows] + x.std(axis=0) * 1e4 * random.choice([-1, 1], (len(rows), x.shape[1]))
    return x, y


def _target_outliers(table: Table, random: np.random.Generator) -> Table:
    x, y = table[0], np.array(table[1], float)
    rows = random.choice(len(x), max(3, len(x) // 60), replace=False)
    y[rows] = y[rows] + y.std() * 300 * random.choice([-1, 1], len(rows))
    return x, y


def _missing(table: Table, random: np.random.Generator) -> Table:
    x = np.array(table[0], float)
    far = -1e4 * max(1.0, float(np.abs(x).max()))
    for column in range(x.shape[1]):
        x[random.random(len(x)) < 0.04, column] = far
    return x, table[1]


def _shuffled(table: Table, random: np.random.Generator) -> Table:
    return table[0], random.permutation(table[1])


def _leak(table: Table, random: np.random.Generator) -> Table:
    x, y = table
    return np.column_stack([x, np.asarray(y, float) * 3 + 1]), y


def _few(table: Table, random: np.random.Generator) -> Table:
    kept = random.choice(len(table[0]), 40, replace=False)
    return table[0][kept], table[1][kept]


MUTATIONS = (
    Mutation("lr x30", ("learning_rate_too_high",), _rate(30)),
    Mutation("lr x300", ("learning_rate_too_high",), _rate(300)),
    Mutation("lr /100", ("learning_rate_too_low",), _rate(1e-2)),
    Mutation("lr /1000", ("learning_rate_too_low",), _rate(1e-3)),
    Mutation("epochs /20", ("too_few_epochs",), _epochs(1 / 20)),
    Mutation("1 epoch", ("too_few_epochs",), _set(training__epochs=1)),
    Mutation("unscaled features", ("unscaled_features",), _set(data__standardize=False), _scaled),
    Mutation("unscaled target", ("unscaled_target",), _set(data__standardize_target=False), _far_target, "numbers"),
    Mutation("outliers", ("outliers",), rows=_outliers),
    Mutation("target outliers", ("outliers",), rows=_target_outliers, only="numbers"),
    Mutation("missing codes", ("missing_as_numbers", "outliers"), rows=_missing),
    Mutation("relu output", ("wrong_output",), _set(model__output="relu"), only="numbers"),
    Mutation("sigmoid output", ("wrong_output",), _set(model__output="sigmoid"), only="numbers"),
    Mutation("relu output, mse", ("wrong_output", "wrong_loss"), _set(model__output="relu", loss="mse"), only="classes"),
    Mutation("zero weights", ("equal_units",), _set(model__initializer="zeros")),
    Mutation("constant weights", ("equal_units",), _set(model__initializer={"name": "constant", "value": 0.1})),
    Mutation("huge weights", ("initial_weights_scale",), _set(model__initializer={"name": "normal", "scale": 10.0})),
    Mutation("dead biases", ("initial_biases",), _set(model__bias_initializer={"name": "constant", "value": -20.0}, model__activation="relu")),
    Mutation("deep sigmoid", ("vanishing_gradient",), _set(model__hidden=[32] * 8, model__activation="sigmoid")),
    Mutation("softmax hidden", ("softmax_twice",), lambda r: {"model.hidden": [*r["model"]["hidden"], {"units": 8, "activation": "softmax"}]}),
    Mutation("1 unit", ("too_narrow",), _units(1)),
    Mutation("2 units", ("too_narrow",), _units(2)),
    Mutation("linear units", ("no_nonlinearity",), _set(model__activation="identity")),
    Mutation("no hidden layer", ("too_narrow",), _set(model__hidden=[])),
    Mutation("l2", ("weight_decay_too_strong",), _set(regularization__l2=1.0)),
    Mutation("weight decay", ("weight_decay_too_strong",), _set(regularization__weight_decay=50.0)),
    Mutation("l1", ("l1_too_strong",), _set(regularization__l1=0.1)),
    Mutation("dropout", ("dropout_too_strong",), _set(model__dropout=0.95)),
    Mutation("input noise", ("input_noise_too_strong",), _set(regularization__input_noise=5.0)),
    Mutation("clipping", ("clipping_too_tight",), lambda r: {"regularization.clip_norm": 1e-5, "optimizer": {"name": "sgd", "lr": 0.1}}, same={"optimizer": {"name": "sgd", "lr": 0.1}}),
    Mutation("epsilon", ("epsilon_too_large",), _set(optimizer__eps=10.0)),
    Mutation("full batch", ("batch_too_large",), _set(training__batch_size="full")),
    Mutation("batch of 1", ("batch_too_small",), _set(training__batch_size=1)),
    Mutation("batch norm of 2", ("batch_too_small",), _set(training__batch_size=2, model__norm="batch")),
    Mutation("patience 1", ("patience_too_short",), _set(training__early_stopping={"patience": 1, "min_delta": 0.05})),
    Mutation("min delta", ("patience_too_short",), _set(training__early_stopping={"patience": 3, "min_delta": 1.0})),
    Mutation("exponential", ("schedule_over_early",), _set(schedule={"name": "exponential", "gamma": 0.5})),
    Mutation("step schedule", ("schedule_over_early",), _set(schedule={"name": "step", "every": 5, "gamma": 0.1})),
    Mutation("warmup", ("warmup_too_long",), _set(schedule={"name": "constant", "warmup": 1_000_000})),
    Mutation("beta1", ("momentum_too_high",), _set(optimizer__beta1=0.9999)),
    Mutation("momentum", ("momentum_too_high",), _set(optimizer__momentum=0.999)),
    Mutation("slow average", ("averaging_too_slow",), _set(training__averaging={"name": "ema", "decay": 0.99999})),
    Mutation("shuffled labels", ("unrelated_labels",), rows=_shuffled),
    Mutation("leak", ("leak",), rows=_leak),
    Mutation("40 rows", ("too_few_rows", "overfitting"), rows=_few),
    Mutation("overfit", ("overfitting",), _set(model__hidden=[256, 256], training__epochs=400)),
    Mutation("numbers as classes", ("classes_as_numbers",), _set(data__source__task="regression"), only="classes"),
)  # fmt: skip
