"""Build a run from a recipe: read the data, resolve what the recipe leaves open, make the plan."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.activations import Activation
from nntrain.data import Dataset
from nntrain.data.prepare import Prepared, prepare
from nntrain.data.split import SPLITS
from nntrain.data.table import TableFile
from nntrain.errors import NOWHERE, InputError, Problem, bad_input, bad_key
from nntrain.initializers import Initializer
from nntrain.initializers.variance import GlorotUniform, HeUniform
from nntrain.losses import Loss
from nntrain.losses.binary_cross_entropy import BinaryCrossEntropy
from nntrain.losses.class_weights import WeighsClasses
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.network.network import Dense, Network
from nntrain.recipe.checks import (
    check_dropout,
    check_function,
    check_given,
    check_grid,
    check_loss,
    check_training,
    check_units,
    resolved,
)
from nntrain.recipe.document import Document
from nntrain.recipe.files import with_absolute_path, with_checksums, with_source
from nntrain.recipe.mapped import is_mapped, mapped_rows, standardizes_numbers
from nntrain.recipe.metric_checks import check_metrics, check_threshold
from nntrain.recipe.optimizer_checks import check_curvature
from nntrain.recipe.schema import Layer, Recipe
from nntrain.recipe.target_checks import check_target_transform
from nntrain.training.plan import Plan
from nntrain.training.settings import BATCH_SIZE


@dataclass(frozen=True)
class Built:
    """A resolved recipe, its data and the plan of the run."""

    recipe: Recipe
    dataset: Dataset
    plan: Plan

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the network's inputs."""
        encoder = self.plan.data.encoder
        return self.dataset.feature_names if encoder is None else encoder.names


def build(recipe: Recipe, document: Document, folder: Path, name: str) -> Built:
    """Read a recipe's data and resolve what it leaves open.

    Args:
        recipe: as written.
        document: its source, for the places in messages.
        folder: base of its relative paths.
        name: the run's name if the recipe has none.

    Raises:
        InputError: if the data cannot be read, or the recipe does not fit them or contradicts itself.
    """
    with document.placing():
        recipe = with_absolute_path(recipe, folder)
        if is_mapped(recipe):
            recipe, dataset, splits = mapped_rows(recipe)
            return assemble(with_scaling(recipe, dataset), dataset, splits, document, name)
        recipe, dataset = read_rows(recipe, folder)
        data = splits_of(recipe, dataset)
    return assemble(recipe, dataset, data, document, name)


def read_rows(recipe: Recipe, folder: Path) -> tuple[Recipe, Dataset]:
    """Return the recipe with the absolute path, task and checksum of its file, and the rows of its source.

    Raises:
        InputError: if the rows cannot be read.
    """
    recipe = with_absolute_path(recipe, folder)
    if getattr(recipe.data.source, "in_memory", None) is False:
        what = "this command needs all rows in memory, but the recipe says in_memory: false"
        raise bad_key("data.source.in_memory", what, "set it to true if they fit, or use a sample of the rows")
    seed = recipe.seed if recipe.data.test_seed is None else recipe.data.test_seed
    dataset = recipe.data.source.load(folder, seed)
    source = recipe.data.source.resolved(dataset.classes is not None)
    recipe = with_scaling(with_source(recipe, source), dataset)
    return with_fractions(with_checksums(recipe, dataset), dataset), dataset


def with_fractions(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe with the fractions of splits that its data determine: by a column, or in a test file."""
    by, rows = dataset.split_by, len(dataset.x)
    fractions = {}
    if by is not None and by.kind == "split":
        counts = np.bincount(by.values, minlength=len(SPLITS))
        fractions = {"test": counts[2] / rows}
        if counts[1]:
            fractions["validation"] = counts[1] / rows
    if dataset.test is not None:
        fractions["test"] = len(dataset.test.x) / (rows + len(dataset.test.x))
    update = {name: round(float(fraction), 6) for name, fraction in fractions.items()}
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=update)}) if update else recipe


def with_scaling(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe with its default for ``standardize_target``: a table's numbers can have any size."""
    if recipe.data.standardize_target is not None:
        return recipe
    scaled = isinstance(recipe.data.source, TableFile) and dataset.classes is None and standardizes_numbers(recipe)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"standardize_target": scaled})})


def splits_of(recipe: Recipe, dataset: Dataset) -> Prepared:
    """Split and scale a recipe's data.

    Raises:
        InputError: if there are too few rows, or targets that their transform cannot take; it includes the dataset's
            notes.
    """
    try:
        data = recipe.data
        check_target_transform(data, dataset)
        return prepare(
            dataset,
            data.splitting(recipe.seed),
            standardize=data.standardize,
            standardize_target=bool(data.standardize_target),
            scaling=data.scaling,
            target_transform=data.target_transform,
        )
    except InputError as error:
        raise InputError(*error.problems, *(Problem(NOWHERE, note) for note in dataset.notes)) from None


def assemble(recipe: Recipe, dataset: Dataset, data: Prepared, document: Document, name: str) -> Built:
    """Resolve what a recipe leaves open, given its data.

    Args:
        recipe: as written, with an absolute path.
        dataset: all rows.
        data: the splits.
        document: the recipe's source, for the places in messages.
        name: the run's name if the recipe has none.

    Raises:
        InputError: if the recipe does not fit the data or contradicts itself.
    """
    n_classes = None if dataset.classes is None else len(dataset.classes)
    n_targets = len(dataset.target_names)
    loss = recipe.loss or default_loss(n_targets, n_classes)
    check_loss(loss, recipe.model.output, n_targets, n_classes, document)
    if n_classes is not None and n_targets == 1:
        loss = resolved(loss, np.bincount(data.train.y, data.train.weights, n_classes), document)
    recipe = recipe.model_copy(update={"name": recipe.name or name, "loss": loss})
    few_rows = len(data.train.x) < BATCH_SIZE or recipe.optimizer.full_batch
    if "batch_size" not in recipe.training.model_fields_set and few_rows:
        recipe = _with_full_batch(recipe)  # the default is for larger data
    network = checked_network(recipe, data.train.x.shape[1], n_targets, n_classes, document)
    check_training(recipe, network, data, document)
    check_curvature(recipe, network, loss, data, document)
    if recipe.optimizer.full_batch:
        check_dropout(recipe, network, document)
        check_grid(recipe, network, document)
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
    check_metrics(recipe, plan, document)
    check_threshold(recipe, plan, document)
    return Built(recipe, dataset, plan)


def default_loss(n_targets: int, n_classes: int | None) -> Loss:
    """Return the loss of a recipe that names none."""
    if n_classes is None:
        return MeanSquaredError()
    return CrossEntropy() if n_targets == 1 else BinaryCrossEntropy()


def checked_network(
    recipe: Recipe, n_features: int, n_targets: int, n_classes: int | None, document: Document
) -> Network:
    """Return the network of a resolved recipe for data of this shape (``n_classes`` None: regression), or reject it.

    Raises:
        InputError: if the recipe is not resolved, or its loss, output, class weights, units or given initial weights
            do not fit the data or each other.
    """
    loss = recipe.loss
    if loss is None:
        raise bad_input(document.place("loss"), "is missing", "a resolved recipe names one")
    check_loss(loss, recipe.model.output, n_targets, n_classes, document)
    check_function(loss, n_targets, document)
    if isinstance(loss, WeighsClasses) and loss.class_weights == "balanced":
        place = document.place("loss", "class_weights")
        raise bad_input(place, "found balanced, expected the weights themselves")
    network = network_of(recipe, n_features, n_targets, n_classes)
    check_units(recipe, network, document)
    check_given(recipe, network, document)
    return network


def network_of(recipe: Recipe, n_features: int, n_targets: int, n_classes: int | None) -> Network:
    """Return the network of a resolved recipe for data of this shape (``n_classes`` None: regression)."""
    if recipe.loss is None:
        raise ValueError("the recipe is not resolved: it names no loss")
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
        layers.append(Dense(n_in, layer.units, activation, weights, biases, dropout, norm, model.learn_biases))
        n_in = layer.units
    return Network(layers)


def default_initializer(activation: Activation) -> Initializer:
    """Return He's initializer before rectifiers, which halve the variance, else Glorot's (lecture deck H)."""
    return HeUniform() if activation.rectifier else GlorotUniform()


def _with_full_batch(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"batch_size": "full"})})
