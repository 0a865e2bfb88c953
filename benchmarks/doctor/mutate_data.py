# ruff: noqa: E501 - a table
"""Mutations of the rows, and pairs of faults."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.doctor.mutate_recipe import SGD, rate
from benchmarks.doctor.mutation import Mutation, Random, Settings, drawn, fixed, has_hidden
from benchmarks.doctor.tables import Table


def _scaled(table: Table, random: Random) -> Table:
    x, y = table
    return x * 10.0 ** random.uniform(-3, 3, x.shape[1]), y


def _moved(table: Table, random: Random) -> Table:
    x, y = table
    return x + drawn(random, 1e4, 1e7) * x.std(axis=0), y


def _far_target(table: Table, random: Random) -> Table:
    x, y = table
    return x, drawn(random, 300, 1e4) + drawn(random, 100, 1000) * (y - y.mean()) / y.std()


def _outliers(table: Table, random: Random) -> Table:
    x, y = np.array(table[0], float), table[1]
    rows = random.choice(len(x), max(3, len(x) // 60), replace=False)
    x[rows] += x.std(axis=0) * 1e4 * random.choice([-1, 1], (len(rows), x.shape[1]))
    return x, y


def _target_outliers(table: Table, random: Random) -> Table:
    x, y = table[0], np.array(table[1], float)
    rows = random.choice(len(x), max(3, len(x) // 60), replace=False)
    y[rows] += y.std() * 300 * random.choice([-1, 1], len(rows))
    return x, y


def _missing(code: float) -> Any:
    def rows(table: Table, random: Random) -> Table:
        x = np.array(table[0], float)
        x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
        x[random.random(x.shape) < 0.05] = code
        return x, table[1]

    return rows


def _shuffled(table: Table, random: Random) -> Table:
    return table[0], random.permutation(table[1])


def _leak(table: Table, random: Random) -> Table:
    x, y = table
    return np.column_stack([x, np.asarray(y, float) * 3 + 1]), y


def _some(count: int) -> Any:
    def rows(table: Table, random: Random) -> Table:
        kept = random.choice(len(table[0]), count, replace=False)
        return table[0][kept], table[1][kept]

    return rows


def _numbered(table: Table, random: Random) -> Table:
    """Sort the rows by the target, and number them: the number gives the target away."""
    x, y = table
    order = np.argsort(y, kind="stable")
    return np.column_stack([np.arange(len(x)), x[order]]), y[order]


def _repeated(table: Table, random: Random) -> Table:
    """Repeat rows with shuffled targets, so that a copy in the training split tells the target of another."""
    x, y = table[0], random.permutation(table[1])
    kept = random.choice(len(x), min(len(x), 150), replace=False)
    return np.tile(x[kept], (4, 1)), np.tile(y[kept], 4)


def _timed(table: Table, random: Random) -> Table:
    """Add a copy of the feature that tells most about the target, by which the rows will be split."""
    x, y = np.array(table[0], float), np.asarray(table[1], float)
    strong = int(np.abs([np.corrcoef(column, y)[0, 1] if np.ptp(column) else 0.0 for column in x.T]).argmax())
    return np.column_stack([x[:, strong], x]), table[1]


def _rare(table: Table, random: Random) -> Table:
    """Replace the rows by 1500 of two classes that overlap, one of which is rare."""
    rare = (random.random(1500) < 0.06).astype(int)
    direction = random.normal(size=min(table[0].shape[1], 6))
    x = random.normal(size=(1500, len(direction))) + 1.8 * rare[:, None] * direction / np.linalg.norm(direction)
    return x, rare


def _noisy(table: Table, random: Random) -> Table:
    x, y = table[0][:300], np.array(table[1][:300], float)
    return x, y + y.std() * random.normal(size=len(y))


def _flipped(table: Table, random: Random) -> Table:
    x, y = table[0][:300], np.array(table[1][:300])
    flipped = random.random(len(y)) < 0.3
    y[flipped] = random.choice(y, int(flipped.sum()))
    return x, y


def _rounded(table: Table, random: Random) -> Table:
    """Round a numeric target to some dozen whole numbers."""
    x, y = table
    return x, np.round(10 * (y - y.mean()) / y.std())


def _overfitted(recipe: Mapping[str, Any], random: Random) -> Settings:
    return {"model.hidden": [128, 64], "training.epochs": 250, "optimizer": {"name": "adam", "lr": 0.005}}


def _stopped(recipe: Mapping[str, Any]) -> Settings:
    return {"training.early_stopping": {"patience": 15}}


STANDARDIZE = fixed(data__standardize=False)

DATA_MUTATIONS = (
    Mutation("unscaled features", ("unscaled_features",), STANDARDIZE, _scaled, cure=lambda r: {"data.standardize": True}),
    Mutation("large offset", ("large_offset",), STANDARDIZE, _moved, cure=lambda r: {"data.standardize": True}),
    Mutation("unscaled target", ("unscaled_target",), fixed(data__standardize_target=False), _far_target, "numbers", cure=lambda r: {"data.standardize_target": True}),
    Mutation("outliers", ("outliers",), rows=_outliers),
    Mutation("target outliers", ("outliers",), rows=_target_outliers, only="numbers"),
    Mutation("missing as -999", ("missing_as_numbers",), rows=_missing(-999), cure=lambda r: {"data.source.missing": [-999]}),
    Mutation("missing as 99999", ("missing_as_numbers",), rows=_missing(99999), cure=lambda r: {"data.source.missing": [99999]}),
    Mutation("shuffled labels", ("unrelated_labels",), rows=_shuffled, plain=True),
    Mutation("leak", ("leak",), rows=_leak, plain=True),
    Mutation("row numbers", ("id_column", "leak"), rows=_numbered, plain=True),
    Mutation("repeated rows", ("repeated_rows",), lambda r, g: {"model.hidden": [128, 64], "training.epochs": 200, "optimizer": {"name": "adam", "lr": 0.005}}, _repeated, plain=True),
    Mutation("split by a feature", ("splits_differ",), fixed(data__source__time="x0", data__stratify=False), _timed, advice=True),
    Mutation("few rows", ("too_few_rows", "overfitting"), rows=_some(36)),
    Mutation("rare class", ("class_imbalance",), rows=_rare, only="classes", measure="balanced", cure=lambda r: {"loss": {"name": "cross_entropy", "class_weights": "balanced"}}),
    Mutation("overfitting", ("overfitting", "no_validation"), _overfitted, _noisy, "numbers", measure="loss", cure=_stopped),
    Mutation("wrong labels", ("overfitting", "no_validation"), _overfitted, _flipped, "classes", measure="loss", cure=_stopped),
    Mutation("overfitting, no validation", ("no_validation", "overfitting"), lambda r, g: {**_overfitted(r, g), "data.validation": 0.0}, _noisy, "numbers", measure="loss", cure=lambda r: {"data.validation": 0.2, **_stopped(r)}),
    Mutation("classes as numbers", ("classes_as_numbers",), fixed(data__source__task="regression"), only="classes", coded=True, plain=True),
    Mutation("numbers as classes", ("numbers_as_classes",), fixed(data__source__task="classification", data__stratify=False), _rounded, "numbers", plain=True, coded=True),
)  # fmt: skip

PAIRS = (
    Mutation("rate too low, relu output", ("learning_rate_too_low",), lambda r, g: {**rate(1e-3, 1e-2)(r, g), "model.output": "relu"}, only="numbers", second=("wrong_output",)),
    Mutation("unscaled features, dead biases", ("unscaled_features",), lambda r, g: {"data.standardize": False, "model.activation": "relu", "model.bias_initializer": {"name": "constant", "value": -30.0}}, _scaled, suits=has_hidden, second=("initial_biases",)),
    Mutation("l2, one unit", ("weight_decay_too_strong",), lambda r, g: {"regularization.l2": drawn(g, 0.3, 3), "model.hidden": [1]}, suits=has_hidden, second=("too_narrow",)),
    Mutation("zero weights, rate too low", ("equal_units",), lambda r, g: {**rate(1e-4, 1e-3)(r, g), "model.initializer": "zeros"}, suits=has_hidden, second=("learning_rate_too_low",)),
    Mutation("warm-up, dropout", ("warmup_too_long",), lambda r, g: {"schedule": {"name": "constant", "warmup": 1_000_000}, "model.dropout": 0.95}, suits=has_hidden, second=("dropout_too_strong",)),
    Mutation("clipping, linear units", ("clipping_too_tight",), lambda r, g: {**SGD, "regularization.clip_norm": 1e-5, "model.activation": "identity"}, suits=has_hidden, same=fixed(**SGD), second=("no_nonlinearity",)),
    Mutation("unscaled target, one epoch", ("unscaled_target",), fixed(data__standardize_target=False, training__epochs=1), _far_target, "numbers", second=("too_few_epochs",)),
    Mutation("input noise, rate too high", ("input_noise_too_strong",), lambda r, g: {**rate(50, 300)(r, g), "regularization.input_noise": 10.0}, second=("learning_rate_too_high",)),
)  # fmt: skip
