"""What of a recipe does not suit its data, or another part of it: one clear message each."""

from math import inf

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.data.prepare import Part, Prepared
from nntrain.errors import bad_input
from nntrain.losses import Loss
from nntrain.losses.class_weights import WeighsClasses
from nntrain.network.network import Network
from nntrain.optimizers.gradient_free import Search
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.registry import MOST

WEIGHTS_HINT = "choose balanced, or a weight for each class"


def check_loss(loss: Loss, output: Activation, n_classes: int | None, document: Document) -> None:
    """Refuse a loss that does not suit the task, or the output activation."""
    task = "regression" if n_classes is None else "classification"
    if task not in loss.tasks:
        raise bad_input(
            document.where("loss"),
            f"loss: {loss.name} is for {' and '.join(loss.tasks)}, but this is {task}",
            _suited(task, document),
        )
    if loss.classes is not None and n_classes != loss.classes:
        raise bad_input(
            document.where("loss"), f"loss: {loss.name} is for two classes, found {n_classes}", "choose cross_entropy"
        )
    weights = loss.class_weights if isinstance(loss, WeighsClasses) else None
    if isinstance(weights, list) and len(weights) != n_classes:
        raise bad_input(
            document.where("loss", "class_weights"),
            f"loss.class_weights: found {len(weights)} for {n_classes} classes",
            WEIGHTS_HINT,
        )
    if loss.inside and output.name != "identity":
        raise bad_input(
            document.where("model", "output"),
            f"model.output: found {output.name}, but {loss.name} has the {loss.inside} inside",
            "leave model.output out (identity), or choose mse to see a squashed output with a squared error",
        )


def _suited(task: str, document: Document) -> str:
    """Return which loss suits a task, and how a user's table becomes one of the other task."""
    data = document.data.get("data") if isinstance(document.data, dict) else None
    source = data.get("source") if isinstance(data, dict) else None
    table = isinstance(source, dict) and source.get("name") == "csv"
    if task == "classification":
        other = ", or set data.source.task: regression if the target holds numbers" if table else ""
        return f"choose cross_entropy{other}"
    if table and isinstance(source, dict) and isinstance(source.get("target"), list):
        return "choose mse; classes need a single target column"
    return "choose mse" + (", or set data.source.task: classification if the target holds classes" if table else "")


def check_units(recipe: Recipe, network: Network, document: Document) -> None:
    """Refuse a layer whose output is the same whatever its input."""
    for layer in network.layers:
        if layer.activation.distribution and layer.n_out == 1:
            key = "output" if layer is network.layers[-1] else "hidden"
            raise bad_input(
                document.where("model", key),
                f"model.{key}: {layer.activation.name} of one unit is always 1",
                "choose sigmoid, or leave it out",
            )
        if layer.norm is not None and layer.norm.by_row and layer.n_out == 1:
            raise bad_input(
                document.where("model", "hidden"),
                f"model.hidden: {layer.norm.name} norm of one unit is always 0",
                "choose more units, or batch norm",
            )


def check_given(recipe: Recipe, network: Network, document: Document) -> None:
    """Refuse first weights that are given for another shape than the layer's."""
    for index, layer in enumerate(network.layers):
        own = recipe.model.hidden[index] if index < len(recipe.model.hidden) else None
        for key, initializer, shape in (
            ("initializer", layer.initializer, (layer.n_in, layer.n_out)),
            ("bias_initializer", layer.bias_initializer, (layer.n_out,)),
        ):
            found = initializer.misfit(shape, float(np.finfo(recipe.training.dtype).max))
            if found is not None:
                keys = ("model", key) if getattr(own, key, None) is None else ("model", "hidden", index, key)
                words = " lists of ".join(map(str, shape))
                raise bad_input(
                    document.where(*keys),
                    f"{'.'.join(map(str, keys))}: found {found}, but layer {index + 1} needs {words} numbers",
                    "a list for each input, of a number for each unit; for biases a number for each unit",
                )


def check_grid(recipe: Recipe, network: Network, document: Document) -> None:
    """Refuse a grid with more points than there are epochs to look at them."""
    optimizer, epochs = recipe.optimizer, recipe.training.epochs
    count = optimizer.count(network.parameters) if isinstance(optimizer, Search) else None
    if count is not None and count > epochs:
        points = f"{count:,}" if count < inf else f"more than {MOST:,}"
        raise bad_input(
            document.where("training", "epochs"),
            f"training.epochs: {epochs:,} are too few for {optimizer.name}'s grid: "
            f"with {network.parameters} weights it has {points} points, one an epoch",
            "choose fewer points, a smaller model, or random_search",
        )


def check_dropout(recipe: Recipe, network: Network, document: Document) -> None:
    """Refuse dropout where the loss has to stay the same."""
    if any(layer.dropout for layer in network.layers):
        key = "dropout" if recipe.model.dropout else "hidden"
        raise bad_input(
            document.where("model", key),
            f"model.{key}: {recipe.optimizer.name} needs a loss that stays the same, without dropout",
            "leave dropout out, or choose another optimizer",
        )


def check_search(recipe: Recipe, document: Document) -> None:
    """Refuse what an optimizer that searches cannot do."""
    name, regularization = recipe.optimizer.name, recipe.regularization
    if recipe.training.batch_size != "full":
        raise bad_input(
            document.where("training", "batch_size"),
            f"training.batch_size: found {recipe.training.batch_size}, but {name} needs the gradient of all rows",
            "choose full, or leave it out",
        )
    if recipe.schedule.name != "constant" or recipe.schedule.warmup:
        raise bad_input(
            document.where("schedule"), f"schedule: {name} finds its steps by a line search", "leave it out"
        )
    following = [key for key in ("lookahead", "averaging") if getattr(recipe.training, key) is not None]
    if following:
        raise bad_input(
            document.where("training", following[0]),
            f"training.{following[0]}: {name} goes its own way, and lets no weights follow",
            "leave it out, or choose another optimizer",
        )
    keys = (
        "l1",
        "weight_decay",
        "clip_norm",
        "clip_value",
        "input_noise",
        *(["l2"] if isinstance(recipe.optimizer, Search) else []),
    )
    unsuited = [key for key in keys if getattr(regularization, key)]
    if unsuited:
        raise bad_input(
            document.where("regularization", unsuited[0]),
            f"regularization.{unsuited[0]}: {name} needs a gradient that is one of the loss",
            "choose l2, or another optimizer",
        )


def check_training(recipe: Recipe, network: Network, data: Prepared, document: Document) -> None:
    """Refuse settings that do not suit the data."""
    training, rows = recipe.training, len(data.train.x)
    if training.batch_size != "full" and training.batch_size > rows:
        raise bad_input(
            document.where("training", "batch_size"),
            f"training.batch_size: found {training.batch_size}, but the training part has {rows} rows",
            f"choose at most {rows}, or full",
        )
    if training.batch_size == 1 and any(layer.norm and not layer.norm.by_row for layer in network.layers):
        raise bad_input(
            document.where("training", "batch_size"),
            "training.batch_size: found 1, but batch norm takes the mean and variance of a batch's rows",
            "choose 2 or more, or model.norm: layer",
        )
    if recipe.optimizer.full_batch:
        check_search(recipe, document)
    if training.early_stopping is not None and data.validation is None:
        raise bad_input(
            document.where("training", "early_stopping"),
            "training.early_stopping: looks at the validation loss, but data.validation is 0",
            "give data.validation a share such as 0.15",
        )
    if recipe.loss is not None and recipe.loss.counts and (data.train.y < 0).any():
        raise bad_input(
            document.where("loss"),
            f"loss: {recipe.loss.name} is for counts, but a target is {data.train.y.min():g}",
            "leave data.standardize_target out" if recipe.data.standardize_target else "choose mse",
        )
    largest = float(np.finfo(training.dtype).max)
    parts: list[Part] = [part for part in (data.train, data.validation, data.test) if part is not None]
    if not all(part.largest <= largest for part in parts):  # which may be no number
        ways = ["choose float64"] if training.dtype == "float32" else []
        scaled = ("standardize", "standardize_target") if data.train.y.ndim > 1 else ("standardize",)
        ways += [f"data.{key}: true" for key in scaled if not getattr(recipe.data, key)]
        raise bad_input(
            document.where("training", "dtype"),
            f"training.dtype: the data have numbers beyond {training.dtype}'s largest, {largest:.3g}",
            f"leave their rows out, or try: {', or '.join(ways)}" if ways else "leave their rows out, or scale them",
        )


def resolved(loss: Loss, counts: NDArray[np.int64], document: Document) -> Loss:
    """Return the loss with nothing left open, for ``counts`` training rows of each class."""
    try:
        return loss.resolved(counts)
    except ValueError as error:
        where = document.where("loss", "class_weights")
        raise bad_input(where, f"loss.class_weights: {error}", WEIGHTS_HINT) from None
