# ruff: noqa: E501 - a table
"""Mutations of the recipe."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.doctor.mutation import Mutation, Random, Settings, between, drawn, fixed, has_hidden, optimizer_is

ADAMS = ("adam", "adamw", "nadam")
SGD = {"optimizer": {"name": "sgd", "lr": 0.1}}


def rate(low: float, high: float) -> Callable[[Mapping[str, Any], Random], Settings]:
    """Multiply the learning rate."""
    return lambda recipe, random: {"optimizer.lr": float(f"{recipe['optimizer']['lr'] * drawn(random, low, high):.3g}")}


def epochs(low: float, high: float) -> Callable[[Mapping[str, Any], Random], Settings]:
    """Multiply the number of epochs."""
    return lambda recipe, random: {
        "training.epochs": max(1, round(recipe["training"]["epochs"] * drawn(random, low, high)))
    }


def _units(low: int, high: int) -> Callable[[Mapping[str, Any], Random], Settings]:
    return lambda recipe, random: {
        "model.hidden": [int(random.integers(low, high + 1)) for _ in recipe["model"]["hidden"]]
    }


def _bottleneck(recipe: Mapping[str, Any], random: Random) -> Settings:
    return {"model.hidden": [*recipe["model"]["hidden"], 1, 16]}


def _softmax_layer(recipe: Mapping[str, Any], random: Random) -> Settings:
    return {"model.hidden": [*recipe["model"]["hidden"], {"units": 8, "activation": "softmax"}]}


def _dropped(recipe: Mapping[str, Any], random: Random) -> Settings:
    share = float(f"{random.uniform(0.93, 0.98):.3g}")
    return {"model.hidden": [{"units": n, "dropout": share} for n in recipe["model"]["hidden"]]}


def _deep(activation: str, initializer: Any = None) -> Callable[[Mapping[str, Any], Random], Settings]:
    def settings(recipe: Mapping[str, Any], random: Random) -> Settings:
        return {
            "model.hidden": [32] * int(random.integers(6, 11)),
            "model.activation": activation,
            "model.initializer": initializer,
        }

    return settings


def _clip(key: str, low: float, high: float) -> Callable[[Mapping[str, Any], Random], Settings]:
    return lambda recipe, random: {**SGD, f"regularization.{key}": drawn(random, low, high)}


def _stopping(patience: tuple[int, int], delta: tuple[float, float]) -> Callable[[Mapping[str, Any], Random], Settings]:
    def settings(recipe: Mapping[str, Any], random: Random) -> Settings:
        found = {"patience": int(random.integers(*patience)), "min_delta": drawn(random, *delta)}
        return {"training.early_stopping": found}

    return settings


def _scheduled(name: str, **keys: tuple[float, float] | int) -> Callable[[Mapping[str, Any], Random], Settings]:
    def settings(recipe: Mapping[str, Any], random: Random) -> Settings:
        found = {key: drawn(random, *value) if isinstance(value, tuple) else value for key, value in keys.items()}
        return {"schedule": {"name": name, **found}}

    return settings


def _averaged(recipe: Mapping[str, Any], random: Random) -> Settings:
    return {"training.averaging": {"name": "ema", "decay": 1 - drawn(random, 1e-6, 5e-5)}}


RECIPE_MUTATIONS = (
    # the rate and the time
    Mutation("rate too high", ("learning_rate_too_high",), rate(30, 1000)),
    Mutation("rate too low", ("learning_rate_too_low",), rate(5e-4, 2e-2)),
    Mutation("rate far too low", ("learning_rate_too_low",), rate(1e-6, 1e-4)),
    Mutation("few epochs", ("too_few_epochs",), epochs(0.02, 0.06)),
    Mutation("one epoch", ("too_few_epochs",), fixed(training__epochs=1)),
    Mutation("full batch", ("batch_too_large",), fixed(training__batch_size="full")),
    Mutation("batch norm, small batch", ("batch_too_small",), lambda r, g: {"training.batch_size": int(g.integers(2, 4)), "model.norm": "batch"}, suits=has_hidden),
    Mutation("patience too short", ("patience_too_short",), _stopping((1, 3), (0.03, 0.1))),
    Mutation("improvement too large", ("patience_too_short",), _stopping((2, 6), (0.3, 2))),
    # the schedule
    Mutation("exponential schedule", ("schedule_over_early",), _scheduled("exponential", gamma=(0.3, 0.7))),
    Mutation("step schedule", ("schedule_over_early",), _scheduled("step", every=3, gamma=(0.05, 0.2))),
    Mutation("warm-up", ("warmup_too_long",), lambda r, g: {"schedule": {"name": "constant", "warmup": int(drawn(g, 1e5, 1e7))}}),
    Mutation("plateau", ("plateau", "learning_rate_too_low", "vanishing_gradient"), lambda r, g: {"optimizer": {"name": "sgd", "lr": drawn(g, 0.003, 0.03)}, "model.activation": "sigmoid"}, suits=has_hidden),
    # the optimizer
    Mutation("epsilon", ("epsilon_too_large",), between("optimizer.eps", 1, 300), suits=optimizer_is(*ADAMS, "rmsprop")),
    Mutation("momentum", ("momentum_too_high",), lambda r, g: {"optimizer": {"name": "momentum", "lr": 0.02, "momentum": 1 - drawn(g, 1e-4, 3e-3)}}, same=fixed(optimizer={"name": "momentum", "lr": 0.02})),
    Mutation("slow average", ("averaging_too_slow",), _averaged),
    Mutation("slow lookahead", ("averaging_too_slow",), lambda r, g: {"training.lookahead": {"alpha": drawn(g, 1e-4, 3e-3), "period": 20}}),
    # regularization
    Mutation("l2", ("weight_decay_too_strong",), between("regularization.l2", 0.3, 10)),
    Mutation("weight decay", ("weight_decay_too_strong",), between("regularization.weight_decay", 20, 300)),
    Mutation("l1", ("l1_too_strong",), between("regularization.l1", 0.03, 1)),
    Mutation("dropout", ("dropout_too_strong",), lambda r, g: {"model.dropout": float(f"{g.uniform(0.9, 0.98):.3g}")}, suits=has_hidden),
    Mutation("dropout of layers", ("dropout_too_strong",), _dropped, suits=has_hidden),
    Mutation("input noise", ("input_noise_too_strong",), between("regularization.input_noise", 3, 20)),
    Mutation("clip norm", ("clipping_too_tight",), _clip("clip_norm", 1e-6, 1e-4), same=fixed(**SGD)),
    Mutation("clip value", ("clipping_too_tight",), _clip("clip_value", 1e-8, 1e-6), same=fixed(**SGD)),
    Mutation("label smoothing", ("smoothing_too_strong",), lambda r, g: {"loss": {"name": "cross_entropy", "smoothing": float(f"{g.uniform(0.9, 0.99):.3g}")}}, only="classes", measure="loss"),
    Mutation("class weights", ("class_weights_too_strong",), lambda r, g: {"loss": {"name": "cross_entropy", "class_weights": [drawn(g, 300, 1e5), *[1] * (r["classes"] - 1)]}}, only="classes"),
    # outputs and losses
    Mutation("relu output", ("wrong_output",), fixed(model__output="relu"), only="numbers"),
    Mutation("sigmoid output", ("wrong_output",), fixed(model__output="sigmoid"), only="numbers"),
    Mutation("relu output for classes", ("wrong_output", "wrong_loss"), fixed(model__output="relu", loss="mse"), only="classes"),
    Mutation("squared error for classes", ("wrong_loss",), lambda r, g: {**SGD, "model.output": "softmax", "loss": "mse", "training.epochs": max(3, r["training"]["epochs"] // 4)}, only="classes", same=lambda r, g: {**SGD, "training.epochs": max(3, r["training"]["epochs"] // 4)}),
    Mutation("summed loss", ("wrong_loss", "learning_rate_too_high"), fixed(**SGD, loss="sum_squared_error"), only="numbers", same=fixed(**SGD)),
    Mutation("softmax twice", ("softmax_twice",), _softmax_layer),
    # initial weights and the network
    Mutation("zero weights", ("equal_units",), fixed(model__initializer="zeros"), suits=has_hidden),
    Mutation("constant weights", ("equal_units",), lambda r, g: {"model.initializer": {"name": "constant", "value": drawn(g, 0.02, 0.5)}}, suits=has_hidden),
    Mutation("huge weights", ("initial_weights_scale",), lambda r, g: {"model.initializer": {"name": "normal", "scale": drawn(g, 5, 50)}}),
    Mutation("tiny weights, deep", ("initial_weights_scale", "vanishing_gradient"), _deep("tanh", {"name": "normal", "scale": 0.01}), same=lambda r, g: {"model.activation": "tanh"}),
    Mutation("dead biases", ("initial_biases",), lambda r, g: {"model.bias_initializer": {"name": "constant", "value": -drawn(g, 10, 100)}, "model.activation": "relu"}, suits=has_hidden),
    Mutation("saturating biases", ("initial_biases",), lambda r, g: {"model.bias_initializer": {"name": "constant", "value": drawn(g, 8, 50)}, "model.activation": "tanh"}, suits=has_hidden),
    Mutation("deep sigmoid", ("vanishing_gradient",), _deep("sigmoid")),
    Mutation("one unit", ("too_narrow",), _units(1, 1), suits=has_hidden),
    Mutation("two units", ("too_narrow",), _units(2, 2), suits=has_hidden),
    Mutation("lucky seed", ("lucky_seed", "too_narrow"), lambda r, g: {"model.hidden": [int(g.integers(2, 4))] * 2}, suits=has_hidden, lucky=True),
    Mutation("bottleneck", ("too_narrow",), _bottleneck),
    Mutation("linear units", ("no_nonlinearity",), fixed(model__activation="identity"), suits=has_hidden),
    Mutation("no hidden layer", ("too_narrow",), fixed(model__hidden=[]), suits=has_hidden),
    Mutation("frozen biases", ("frozen_biases",), lambda r, g: {"model.learn_biases": False}),
)  # fmt: skip
