"""What ``fit`` and ``partial_fit`` prepare: initial weights, a split for early stopping, and the engine."""

import os
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight

from nntrain.data import Dataset
from nntrain.data.prepare import Prepared, Split
from nntrain.estimators.engine import Course, PenalizedEngine, SklearnEngine, SklearnPlan, first_weights, mass_of
from nntrain.estimators.parameters import Parameters
from nntrain.network.network import Network
from nntrain.recipe.build import assemble, network_of
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.training.engine import Engine

MIN_VALIDATION = 2  # samples
BINARY = 2  # classes; with more, scikit-learn does not stratify


@dataclass
class Fitted:
    """A trained network, and where ``partial_fit`` goes on."""

    recipe: Recipe
    network: Network
    theta: NDArray[Any]  # the parameters that are measured and kept
    running: NDArray[Any]  # those being trained
    state: NDArray[Any]  # of the optimizer
    steps: int
    epochs: int


def first_theta(
    parameters: Parameters, recipe: Recipe, dataset: Dataset, random: RandomState, before: Fitted | None
) -> NDArray[Any] | None:
    """Return the parameters to start from: those of ``before``, or new ones; None: the recipe's initializers draw them.

    Raises:
        ValueError: if the layers are not those of ``before``.
    """
    n_classes = None if dataset.classes is None else len(dataset.classes)
    network = network_of(recipe, dataset.x.shape[1], len(dataset.target_names), n_classes)
    if before is not None:
        if network.layers != before.network.layers:
            raise ValueError("the layers are not those of the last call: fit with warm_start=False")
        return before.running.astype(recipe.training.dtype)
    if parameters.initializer is not None:
        return None
    factor = 2.0 if parameters.activation == "logistic" else 6.0
    return first_weights(network, _seed(random), np.dtype(recipe.training.dtype), random, factor)


def weighted(dataset: Dataset, sample_weight: Any) -> Dataset:
    """Return the samples with their weights.

    Raises:
        ValueError: if there is not one for each sample, one is negative or not finite, or all are 0.
    """
    rules = {"ensure_non_negative": True, "allow_all_zero_weights": False}
    return replace(dataset, weights=_check_sample_weight(sample_weight, dataset.x, dtype=np.float64, **rules))


def split(dataset: Dataset, fraction: float, random: RandomState) -> tuple[Split, Split]:
    """Return training and validation data, as scikit-learn's MLP splits them.

    Raises:
        ValueError: if there are too few samples to validate on.
    """
    binary = dataset.classes is not None and len(dataset.classes) == BINARY and dataset.y.ndim == 1
    stratify = dataset.y if binary else None
    rows = np.arange(len(dataset.x))
    train, held_out = train_test_split(rows, random_state=random, test_size=fraction, stratify=stratify)
    if len(held_out) < MIN_VALIDATION:
        raise ValueError("The validation set is too small. Increase validation_fraction, or give more samples.")
    samples = Split(dataset.x, dataset.y, dataset.weights)
    splits = samples.take(train), samples.take(held_out)
    if any(found.weights is not None and not found.weights.any() for found in splits):
        raise ValueError("sample_weight is 0 for all training or all validation samples; choose another random_state")
    return splits


def engine_of(
    parameters: Parameters,
    recipe: tuple[Recipe, Document],
    dataset: Dataset,
    data: Prepared,
    random: RandomState,
    theta: NDArray[Any] | None,
) -> tuple[Engine, Recipe]:
    """Return the engine of a run that starts from ``theta``, and its complete recipe."""
    seeded = recipe[0].model_copy(update={"seed": _seed(random)})
    if parameters.alpha and seeded.optimizer.full_batch:
        strength = {"l2": float(parameters.alpha) / mass_of(data.train)}
        seeded = seeded.model_copy(update={"regularization": seeded.regularization.model_copy(update=strength)})
    built = assemble(seeded, dataset, data, recipe[1], type(parameters).__name__)
    plan = SklearnPlan.of(built.plan, Course(random if parameters.shuffle else None))
    if parameters.alpha and not plan.optimizer.full_batch:
        return PenalizedEngine(plan, float(parameters.alpha), theta, allowed_threads()), built.recipe
    return SklearnEngine(plan, allowed_threads(), theta), built.recipe


def allowed_threads() -> int | None:
    """Return the most threads to use: OMP_NUM_THREADS, which joblib and Dask set in their workers; None if unset."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _seed(random: RandomState) -> int:
    """Return a seed for all but the initial weights and the order, without drawing it from ``random``."""
    return int(deepcopy(random).randint(2**31))
