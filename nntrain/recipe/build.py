"""From a recipe's names to objects: the data are read, what the recipe leaves open is settled, a plan comes out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.data import Dataset
from nntrain.data.prepare import Part, Prepared, prepare
from nntrain.errors import bad_input
from nntrain.initializers import Initializer
from nntrain.initializers.variance import GlorotUniform, HeUniform
from nntrain.losses import Loss
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.network.network import Dense, Network
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Layer, Recipe
from nntrain.training.plan import Plan
from nntrain.training.settings import BATCH_SIZE

CHOICES = {
    "regression": "choose mse, or name a target of classes (for whole numbers: data.source.task: classification)",
    "classification": "choose cross_entropy, or name a target of numbers (data.source.task: regression)",
}


@dataclass(frozen=True)
class Built:
    """A recipe that nothing is left open in, the data as they were read, and the plan of the run."""

    recipe: Recipe
    dataset: Dataset
    plan: Plan


def build(recipe: Recipe, document: Document, folder: Path, name: str) -> Built:
    """Read a recipe's data and settle what it leaves open.

    Args:
        recipe: as it was read.
        document: where its keys stand, for messages.
        folder: what relative paths in it are relative to.
        name: the run's name if the recipe has none.

    Raises:
        InputError: if the data cannot be read, or parts of the recipe do not suit them or each other.
    """
    recipe = _with_absolute_path(recipe, folder)
    dataset = recipe.data.source.load(folder, recipe.seed)
    n_classes = None if dataset.classes is None else len(dataset.classes)
    loss = recipe.loss or (MeanSquaredError() if n_classes is None else CrossEntropy())
    recipe = recipe.model_copy(update={"name": recipe.name or name, "loss": loss})
    _check_loss(loss, recipe.model.output, n_classes, document)
    settings = recipe.data.model_dump(exclude={"source"})
    data = prepare(dataset, **settings, seed=recipe.seed)
    if n_classes is not None:
        loss = _settled(loss, np.bincount(data.train.y, minlength=n_classes), document)
        recipe = recipe.model_copy(update={"loss": loss})
    small = len(data.train.x) < BATCH_SIZE or recipe.optimizer.searches
    if "batch_size" not in recipe.training.model_fields_set and small:
        recipe = _with_full_batch(recipe)  # the default is for larger data
    _check_training(recipe, data, document)
    network = network_of(recipe, len(dataset.feature_names), len(dataset.target_names), n_classes)
    _check_units(recipe, network, document)
    if recipe.optimizer.searches:
        _check_dropout(recipe, network, document)
    plan = Plan(
        name=recipe.name or name,
        seed=recipe.seed,
        data=data,
        n_classes=n_classes,
        network=network,
        loss=loss,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        training=recipe.training,
        regularization=recipe.regularization,
    )
    return Built(recipe, dataset, plan)


def network_of(recipe: Recipe, n_features: int, n_targets: int, n_classes: int | None) -> Network:
    """Return the network that a complete recipe describes, for data of this shape (``n_classes`` None: regression)."""
    if recipe.loss is None:
        raise ValueError("the recipe is not complete: it names no loss")
    model = recipe.model
    hidden = [Layer(units=layer) if isinstance(layer, int) else layer for layer in model.hidden]
    output = Layer(units=recipe.loss.outputs(n_targets, n_classes), activation=model.output, dropout=0.0)
    layers, n_in = [], n_features
    for layer in [*hidden, output]:
        activation = layer.activation or model.activation
        weights = layer.initializer or model.initializer or default_initializer(activation)
        biases = layer.bias_initializer or model.bias_initializer
        dropout = model.dropout if layer.dropout is None else layer.dropout
        norm = None if layer is output else layer.norm or model.norm
        layers.append(Dense(n_in, layer.units, activation, weights, biases, dropout, norm))
        n_in = layer.units
    return Network(layers)


def default_initializer(activation: Activation) -> Initializer:
    """Return He's initialiser before rectifiers, which halve the variance, and Glorot's before all others (H)."""
    return HeUniform() if activation.rectifier else GlorotUniform()


def _with_absolute_path(recipe: Recipe, folder: Path) -> Recipe:
    """Make the path of a file of the user's absolute, so that the recipe can be moved into the run's directory."""
    path = getattr(recipe.data.source, "path", None)
    if path is None:
        return recipe
    source = recipe.data.source.model_copy(update={"path": str((folder / path).absolute())})
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})


def _with_full_batch(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"batch_size": "full"})})


def _check_loss(loss: Loss, output: Activation, n_classes: int | None, document: Document) -> None:
    task = "regression" if n_classes is None else "classification"
    if task not in loss.tasks:
        raise bad_input(
            document.where("loss"),
            f"loss: {loss.name} is for {' and '.join(loss.tasks)}, but this is {task}",
            CHOICES[task],
        )
    if loss.classes is not None and n_classes != loss.classes:
        raise bad_input(
            document.where("loss"), f"loss: {loss.name} is for two classes, found {n_classes}", "choose cross_entropy"
        )
    if loss.inside and output.name != "identity":
        raise bad_input(
            document.where("model", "output"),
            f"model.output: found {output.name}, but {loss.name} has the {loss.inside} inside",
            "leave model.output out (identity), or choose mse to see a squashed output with a squared error",
        )


def _settled(loss: Loss, counts: NDArray[np.int64], document: Document) -> Loss:
    try:
        return loss.settled(counts)
    except ValueError as error:
        where = document.where("loss", "class_weights")
        raise bad_input(where, f"loss.class_weights: {error}", "choose balanced, or a weight for each class") from None


def _check_units(recipe: Recipe, network: Network, document: Document) -> None:
    for layer in network.layers:
        if layer.activation.distribution and layer.n_out == 1:
            key = "output" if layer is network.layers[-1] else "hidden"
            raise bad_input(
                document.where("model", key),
                f"model.{key}: {layer.activation.name} of one unit is always 1",
                "choose sigmoid, or leave it out",
            )


def _check_dropout(recipe: Recipe, network: Network, document: Document) -> None:
    if any(layer.dropout for layer in network.layers):
        key = "dropout" if recipe.model.dropout else "hidden"
        raise bad_input(
            document.where("model", key),
            f"model.{key}: {recipe.optimizer.name} needs a loss that stays the same, without dropout",
            "leave dropout out, or choose another optimizer",
        )


def _check_search(recipe: Recipe, document: Document) -> None:
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
    keys = ("l1", "weight_decay", "clip_norm", "clip_value", "input_noise")
    unsuited = [key for key in keys if getattr(regularization, key)]
    if unsuited:
        raise bad_input(
            document.where("regularization", unsuited[0]),
            f"regularization.{unsuited[0]}: {name} needs a gradient that is one of the loss",
            "choose l2, or another optimizer",
        )


def _check_training(recipe: Recipe, data: Prepared, document: Document) -> None:
    training, rows = recipe.training, len(data.train.x)
    if training.batch_size != "full" and training.batch_size > rows:
        raise bad_input(
            document.where("training", "batch_size"),
            f"training.batch_size: found {training.batch_size}, but the training part has {rows} rows",
            f"choose at most {rows}, or full",
        )
    if recipe.optimizer.searches:
        _check_search(recipe, document)
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
    largest = np.finfo(training.dtype).max
    parts: list[Part] = [part for part in (data.train, data.validation, data.test) if part is not None]
    if any(np.abs(values).max() > largest for part in parts for values in (part.x, part.y)):
        raise bad_input(
            document.where("training", "dtype"),
            f"training.dtype: the data have numbers beyond {training.dtype}'s largest, {largest:.3g}",
            "choose float64, or data.standardize: true",
        )
