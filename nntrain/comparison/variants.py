"""The variants of a comparison."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts.lookup import open_recipe
from nntrain.comparison.differences import text
from nntrain.data import Dataset
from nntrain.errors import InputError, bad_input
from nntrain.metrics import metrics
from nntrain.metrics.names import check_metric
from nntrain.recipe.build import assemble, read_rows, splits_of
from nntrain.recipe.document import Document, read_document
from nntrain.recipe.load import Opened
from nntrain.recipe.overrides import apply_overrides, override
from nntrain.recipe.schema import Recipe, parse, to_data
from nntrain.training.scoring import gives_probabilities

# Options and the keys they vary, in order of application: a learning rate belongs to its optimizer.
KEYS = {
    "optimizers": "optimizer",
    "losses": "loss",
    "activations": "model.activation",
    "initializers": "model.initializer",
    "schedules": "schedule",
    "batch_sizes": "training.batch_size",
    "lrs": "optimizer.lr",
}


SEEDS = ("seed", "data.test_seed")  # keys that variants share


@dataclass(frozen=True)
class Axis:
    """A key that varies and its values."""

    key: str
    values: tuple[Any, ...]
    option: str  # where the values come from, for messages


@dataclass(frozen=True)
class Variant:
    """A variant of a recipe.

    Attributes:
        name: what varies, such as ``adam`` or ``sgd lr=0.1``.
        recipe: the complete recipe, with its original seed.
        dataset: all rows.
        document: positions of the recipe's keys, for messages.
        keys: the varied keys.
    """

    name: str
    recipe: Recipe
    dataset: Dataset
    document: Document
    keys: tuple[str, ...]

    @property
    def differs(self) -> Mapping[str, str]:
        """Empty: the name already lists the differences."""
        return {}


def with_settings(recipe: Recipe, seed: int, settings: dict[str, Any]) -> Recipe:
    """Return ``recipe`` with another seed and optimizer settings."""
    optimizer = recipe.optimizer.model_copy(update=settings)
    return recipe.model_copy(update={"seed": seed, "optimizer": optimizer})


def axis(option: str, key: str, text: str) -> Axis:
    """Parse an option's value: YAML values separated by commas.

    Raises:
        InputError: if it is malformed or empty.
    """
    document = read_document(option, f"[{text}]")
    if document.problems:
        raise InputError(*document.problems)
    if not isinstance(document.data, list) or not document.data:
        raise bad_input(option, "expected values separated by commas", "as in --optimizers sgd,adam")
    return Axis(key, tuple(document.data), f"{option} {text}")


def variants_of(paths: Sequence[str], settings: Sequence[str], axes: Sequence[Axis]) -> list[Variant]:
    """Return every combination of recipes and axis values, which have the same data.

    Raises:
        InputError: if a recipe or value is invalid, components are incompatible, two variants are equal, or their data
            differ.
    """
    found = combinations_of(paths, [open_recipe(path) for path in paths], settings, axes)
    check_same_data(found, len(paths) > 1 and not axes)
    return found


def combinations_of(
    paths: Sequence[str], recipes: Sequence[Opened], settings: Sequence[str], axes: Sequence[Axis]
) -> list[Variant]:
    """Return every combination of recipes and axis values, whatever their data.

    Args:
        paths: as the recipes were named.
        recipes: the opened recipes.
        settings: overrides for all of them.
        axes: what varies.

    Raises:
        InputError: as ``variants_of``, but for different data.
    """
    _check(axes)
    found: list[Variant] = []
    stems = [opened.name for opened in recipes]
    for path, stem, opened in zip(paths, stems, recipes, strict=True):
        document, folder = apply_overrides(opened.document, settings), opened.folder
        label = stem if stems.count(stem) == 1 else str(Path(path).with_suffix(""))
        for values in product(*(axis.values for axis in axes)):
            varied, labels = document, [label] if len(paths) > 1 else []
            chosen = list(zip(axes, values, strict=True))
            for one, value in sorted(chosen, key=lambda pair: pair[0].key.count(".")):  # optimizer before optimizer.lr
                varied = override(varied, one.key, value, one.option)
                varied = apply_overrides(varied, [text for text in settings if text.strip().startswith(f"{one.key}.")])
            labels += [_label(one.key, value) for one, value in chosen]
            seed = found[0].recipe.seed if found else None
            found.append(_variant(" ".join(labels) or stem, varied, folder, tuple(one.key for one in axes), seed))
    names = [variant.name for variant in found]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise bad_input("compare", f"two variants have the name {duplicate!r}", "give each value once")
    texts = [canonical(variant.recipe) for variant in found]
    same = next((i for i, text in enumerate(texts) if text in texts[:i]), None)
    if same is not None:
        first = names[texts.index(texts[same])]
        raise bad_input("compare", f"{first!r} and {names[same]!r} are the same recipe", "give each recipe once")
    if len(found) < 2:
        raise bad_input("compare", "only one variant: nothing to compare", "as in --optimizers sgd,adam")
    return found


def check_same_data(variants: Sequence[Variant], could_vary: bool = False) -> None:
    """Check that all variants have the same data; ``could_vary``: whether they could be problems if something varied.

    Raises:
        InputError: if they have not.
    """
    first = variants[0]
    other = next((variant for variant in variants if not same_data(first.dataset, variant.dataset)), None)
    if other is not None:
        what = f"{first.name!r} and {other.name!r} have different data: {_rows(first)}, and {_rows(other)}"
        each = "vary something to rank it on each of them, as in --optimizers sgd,adam"
        raise bad_input("compare", what, each if could_vary else "scores on different data cannot be compared")


def _check(axes: Sequence[Axis]) -> None:
    keys = [one.key for one in axes]
    for one in axes:
        if keys.count(one.key) > 1:
            raise bad_input(one.option, f"{one.key} already varies", "give all its values in one option")
        if one.key in SEEDS:
            raise bad_input(one.option, f"cannot vary {one.key}: all variants run with the same seeds", "see --seeds")


def _variant(name: str, document: Document, folder: Path, keys: tuple[str, ...], seed: int | None) -> Variant:
    """Build a variant; all share the first variant's ``seed``, which draws generated rows and the test split."""
    recipe = parse(document)
    recipe, dataset = read_rows(recipe if seed is None else recipe.model_copy(update={"seed": seed}), folder)
    if recipe.data.test_seed is None:  # keep the test split fixed across seeds
        data = recipe.data.model_copy(update={"test_seed": recipe.seed})
        recipe = recipe.model_copy(update={"data": data})
    built = assemble(recipe, dataset, splits_of(recipe, dataset), document, name)
    return Variant(name, built.recipe, dataset, document, keys)


def with_optimizer(variant: Variant, name: str, optimizer: str) -> Variant:
    """Return a variant with another optimizer's defaults, and ``auto`` settings resolved again.

    Raises:
        InputError: if the recipe is incompatible with that optimizer.
    """
    document = override(variant.document, "optimizer", {"name": optimizer}, name)
    given = variant.recipe
    recipe = parse(document).model_copy(update={"data": given.data, "seed": given.seed})
    built = assemble(recipe, variant.dataset, splits_of(recipe, variant.dataset), document, name)
    return Variant(name, built.recipe, variant.dataset, document, ())


def recording(variant: Variant, metric: str, default: str) -> Variant:
    """Return a variant whose runs record ``metric``, and no other beside their ``default``.

    Raises:
        InputError: if its loss gives no probabilities, which the metric needs.
    """
    wanted = [] if metric == default else [metric]
    recipe, task = variant.recipe, metrics()[metric].task
    probabilities = recipe.loss is not None and gives_probabilities(recipe.model.output, recipe.loss)
    check_metric(f"--measure for {variant.name}", metric, task, probabilities, ("loss",))
    training = variant.recipe.training.model_copy(update={"metrics": wanted})
    return replace(variant, recipe=variant.recipe.model_copy(update={"training": training}))


def same_data(one: Dataset, other: Dataset) -> bool:
    """Return whether two datasets have equal targets, row weights, and values in their common features."""
    facts = [(data.y.shape, data.target_names, data.classes) for data in (one, other)]
    if facts[0] != facts[1] or not np.array_equal(one.y, other.y):
        return False
    weights = [np.ones(1) if data.weights is None else data.weights for data in (one, other)]
    if not np.array_equal(weights[0], weights[1]):
        return False
    shared = [name for name in one.feature_names if name in other.feature_names]
    first, second = (data.x[:, [data.feature_names.index(name) for name in shared]] for data in (one, other))
    return np.array_equal(first, second)


def _rows(variant: Variant) -> str:
    rows, features = variant.dataset.x.shape
    return f"{variant.recipe.data.source.name}, {rows:,} rows of {features:,} features"


def _label(key: str, value: Any) -> str:
    """Return a short name for a value: a component's name alone, else ``key=value``."""
    last = key.rpartition(".")[2]
    if isinstance(value, str) and key in KEYS.values():
        return value
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        others = [f"{inner}={text(given)}" for inner, given in value.items() if inner != "name"]
        return " ".join([value["name"], *others])
    return f"{last}={text(value)}"


def canonical(recipe: Recipe) -> str:
    """Return a canonical text of a recipe without its name; equal texts mean equal runs."""
    data = to_data(recipe)
    del data["name"]
    return json.dumps(data, sort_keys=True)
