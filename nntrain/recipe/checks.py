"""Checks of a recipe against its data and of its sections against each other."""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.data.prepare import Prepared
from nntrain.errors import bad_input, counted
from nntrain.losses import Loss
from nntrain.losses.class_weights import WeighsClasses
from nntrain.losses.test_functions import TWO, TestFunction
from nntrain.network.network import Network
from nntrain.optimizers.gradient_free import Search
from nntrain.recipe.document import Document
from nntrain.recipe.optimizer_checks import check_optimizer
from nntrain.recipe.schema import Recipe
from nntrain.registry import MAX_COUNT

WEIGHTS_HINT = "choose balanced, or give one weight per class"


def check_loss(loss: Loss, output: Activation, n_targets: int, n_classes: int | None, document: Document) -> None:
    """Reject a loss that does not fit the task or the output activation."""
    task = "regression" if n_classes is None else "classification"
    if task not in loss.tasks:
        raise bad_input(
            document.place("loss"),
            f"{loss.name} is for {' and '.join(loss.tasks)}, but this is {task}",
            _suitable_loss(task, document),
        )
    if loss.classes is not None and n_classes != loss.classes:
        raise bad_input(
            document.place("loss"), f"{loss.name} is for two classes, found {n_classes}", "choose cross_entropy"
        )
    labels = n_targets if n_classes is not None else 1
    if labels > 1 and not loss.several:
        what = f"{loss.name} is for a single label, but the target has {labels}"
        raise bad_input(document.place("loss"), what, "choose bce, or remove the key")
    weights = loss.class_weights if isinstance(loss, WeighsClasses) else None
    if weights is not None and labels > 1:
        what = f"class weights are for a single label, but the target has {labels}"
        raise bad_input(document.place("loss", "class_weights"), what, "remove the key, or weigh rows")
    if isinstance(weights, list) and len(weights) != n_classes:
        raise bad_input(
            document.place("loss", "class_weights"),
            f"found {counted(len(weights), 'weight')} for {n_classes} classes",
            WEIGHTS_HINT,
        )
    if loss.included_activation and output.name != "identity":
        raise bad_input(
            document.place("model", "output"),
            f"found {output.name}, but {loss.name} already applies {loss.included_activation}",
            "remove model.output (identity), or choose mse to combine it with a squared error",
        )


def _suitable_loss(task: str, document: Document) -> str:
    """Return which loss fits a task, and how a user's table becomes one of the other task."""
    data = document.data.get("data") if isinstance(document.data, dict) else None
    source = data.get("source") if isinstance(data, dict) else None
    table = isinstance(source, dict) and source.get("name") in ("csv", "table")
    if task == "classification":
        other = ", or set data.source.task: regression if the target holds numbers" if table else ""
        return f"choose cross_entropy{other}"
    if table and isinstance(source, dict) and isinstance(source.get("target"), list):
        return "choose mse; several targets are labels only if all are true and false"
    return "choose mse" + (", or set data.source.task: classification if the target holds classes" if table else "")


def check_function(loss: Loss, n_targets: int, document: Document) -> None:
    """Reject a test function for data that do not have the two targets which hold its gradient's noise."""
    if isinstance(loss, TestFunction) and n_targets != TWO:
        raise bad_input(
            document.place("loss"),
            f"{loss.name} is a function of two outputs, but the data have {counted(n_targets, 'target')}",
            "set data.source: point, or choose mse",
        )


def check_units(recipe: Recipe, network: Network, document: Document) -> None:
    """Reject a layer whose output does not depend on its input."""
    for layer in network.layers:
        if layer.activation.distribution and layer.n_out == 1:
            key = "output" if layer is network.layers[-1] else "hidden"
            raise bad_input(
                document.place("model", key),
                f"{layer.activation.name} of one unit is always 1",
                "choose sigmoid, or remove it",
            )
        if layer.norm is not None and layer.norm.by_row and layer.n_out == 1:
            raise bad_input(
                document.place("model", "hidden"),
                f"{layer.norm.name} norm of one unit is always 0",
                "choose more units, or batch norm",
            )


def check_given(recipe: Recipe, network: Network, document: Document) -> None:
    """Reject given initial weights whose shape is not the layer's."""
    for index, layer in enumerate(network.layers):
        own = recipe.model.hidden[index] if index < len(recipe.model.hidden) else None
        for key, initializer, shape in (
            ("initializer", layer.initializer, (layer.n_in, layer.n_out)),
            ("bias_initializer", layer.bias_initializer, (layer.n_out,)),
        ):
            found = initializer.shape_error(shape, float(np.finfo(recipe.training.dtype).max))
            if found is not None:
                keys = ("model", key) if getattr(own, key, None) is None else ("model", "hidden", index, key)
                words = " lists of ".join(map(str, shape))
                raise bad_input(
                    document.place(*keys),
                    f"found {found}, but layer {index + 1} needs {words} numbers",
                    "weights: one list per input with one number per unit; biases: one number per unit",
                )


def check_grid(recipe: Recipe, network: Network, document: Document) -> None:
    """Reject a grid with more points than epochs, which evaluate one point each."""
    optimizer, epochs = recipe.optimizer, recipe.training.epochs
    count = optimizer.count(network.parameters) if isinstance(optimizer, Search) else None
    if count is not None and count > epochs:
        points = f"{count:,}" if count < inf else f"more than {MAX_COUNT:,}"
        raise bad_input(
            document.place("training", "epochs"),
            f"{epochs:,} are too few for the grid of {optimizer.name}: "
            f"with {counted(network.parameters, 'weight')} it has {points} points, one per epoch",
            "choose fewer points, a smaller model, or random_search",
        )


def check_dropout(recipe: Recipe, network: Network, document: Document) -> None:
    """Reject dropout with an optimizer that needs a deterministic loss."""
    if any(layer.dropout for layer in network.layers):
        key = "dropout" if recipe.model.dropout else "hidden"
        raise bad_input(
            document.place("model", key),
            f"{recipe.optimizer.name} needs a deterministic loss, without dropout",
            "remove dropout, or choose another optimizer",
        )


def check_training(recipe: Recipe, network: Network, data: Prepared, document: Document) -> None:
    """Reject settings that do not fit the data."""
    training, rows = recipe.training, len(data.train.x)
    if training.batch_size != "full" and training.batch_size > rows:
        raise bad_input(
            document.place("training", "batch_size"),
            f"found {training.batch_size}, but the training split has {counted(rows, 'row')}",
            f"choose full, or at most {rows}",
        )
    if training.batch_size == 1 and any(layer.norm and not layer.norm.by_row for layer in network.layers):
        raise bad_input(
            document.place("training", "batch_size"),
            "found 1, but batch norm needs the mean and variance of several rows",
            "choose 2 or more, or model.norm: layer",
        )
    check_optimizer(recipe, document)
    if training.early_stopping is not None and data.validation is None:
        raise bad_input(
            document.place("training", "early_stopping"),
            "needs a validation split, but data.validation is 0",
            "set data.validation to a fraction such as 0.15",
        )
    if recipe.loss is not None and recipe.loss.needs_counts and (data.train.y < 0).any():
        raise bad_input(
            document.place("loss"),
            f"{recipe.loss.name} is for counts, but a target is {data.train.y.min():g}",
            f"remove data.{keys[0]}" if (keys := _scaled_targets(recipe)) else "choose mse",
        )
    largest = float(np.finfo(training.dtype).max)
    splits = [split for split in (data.train, data.validation, data.test) if split is not None]
    if not all(split.largest <= largest for split in splits):  # true for NaN as well
        ways = ["choose float64"] if training.dtype == "float32" else []
        scaled = ("standardize", "standardize_target") if data.train.y.ndim > 1 else ("standardize",)
        ways += [f"set data.{key}: true" for key in scaled if not getattr(recipe.data, key)]
        raise bad_input(
            document.place("training", "dtype"),
            f"the data exceed the largest {training.dtype} number, {largest:.3g}",
            f"remove those rows, or {', or '.join(ways)}" if ways else "remove those rows, or scale the columns",
        )


def _scaled_targets(recipe: Recipe) -> list[str]:
    return [key for key in ("target_transform", "standardize_target") if getattr(recipe.data, key)]


def resolved(loss: Loss, counts: NDArray[Any], document: Document) -> Loss:
    """Return the loss with all settings resolved, for the number or total weight of the training rows of each class."""
    try:
        return loss.resolved(counts)
    except ValueError as error:
        raise bad_input(document.place("loss", "class_weights"), str(error), WEIGHTS_HINT) from None
