"""Load what an argument names: a recipe as a plan, or anything with weights as a target to inspect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from nntrain.activations import Activation
    from nntrain.data import Label
    from nntrain.optimizers import Optimizer
    from nntrain.recipe.build import Built
    from nntrain.recipe.schema import Recipe
    from nntrain.schedules import Schedule
    from nntrain.training.plan import Plan

TRAINING = "the training split"


def load_plan(recipe: str, settings: list[str]) -> Built:
    """Load a recipe, its data and its plan.

    Notes on how its target was read go to standard error.

    Args:
        recipe: a recipe, run or model, as a command's argument names it.
        settings: overrides, ``key=value``.

    Raises:
        InputError: if the recipe or its data are wrong.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.cli.result import note
    from nntrain.recipe.build import build
    from nntrain.utils.announcing import announcing

    loaded = load_recipe(recipe, settings)
    with announcing(lambda text: note([text])):
        built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
    note(built.dataset.notes)
    return built


def parse_optimizer(text: str) -> Optimizer:
    """Return the optimizer of an option's text: a name, or a mapping with keys, as in a recipe.

    Raises:
        InputError: if there is no such optimizer, or its keys are wrong.
    """
    return _recipe_with("optimizer", text, "--optimizer").optimizer


def parse_activation(text: str) -> Activation:
    """Return the activation of an argument's text, as :func:`parse_optimizer` does."""
    return _recipe_with("model.activation", text, "activation").model.activation


def parse_schedule(text: str) -> Schedule:
    """Return the schedule of an argument's text, as :func:`parse_optimizer` does."""
    return _recipe_with("schedule", text, "schedule").schedule


def _recipe_with(key: str, text: str, place: str) -> Recipe:
    """Return a recipe whose ``key`` has the value that ``text`` holds."""
    from nntrain.errors import InputError
    from nntrain.recipe.document import Document, read_document
    from nntrain.recipe.overrides import override
    from nntrain.recipe.schema import parse

    given = read_document(place, text)
    if given.problems:
        raise InputError(*given.problems)
    return parse(override(Document(place, {"data": {"source": "line"}}), key, given.data, place))


class LoadedTarget(NamedTuple):
    """A network with the rows to run it on.

    Attributes:
        plan: the network, its loss and its data.
        rows: the plan's training split, in words.
        theta: the parameters; None for the initial ones.
        features: names of the inputs.
        classes: labels of the classes; None in regression.
    """

    plan: Plan
    rows: str
    theta: NDArray[Any] | None
    features: tuple[str, ...]
    classes: tuple[Label, ...] | None


def load_target(
    what: str, settings: list[str], data: str | None, separator: str | None, read: list[str] | None = None
) -> LoadedTarget:
    """Load a recipe with its initial weights, or a trained model.

    Args:
        what: a recipe, run or model, as a command's argument names it.
        settings: overrides of a recipe's keys.
        data: table to run a model on; None for the training split of the recipe's data.
        separator: cell separator of that file; None for the one in the model's recipe.
        read: how that file is read, ``key=value``.

    Raises:
        InputError: if it or its data cannot be read.
    """
    from nntrain.artifacts.lookup import find, find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labeled_rows, recipe_parts
    from nntrain.artifacts.model_table import model_table
    from nntrain.cli.result import note

    check_reading(separator, read, data)
    if find(what).model is None and not Path(what).is_dir():
        if data is not None:
            raise bad_input("--data", "needs a trained model", "for a recipe, use --set data.source.path=FILE")
        built = load_plan(what, settings)
        return LoadedTarget(built.plan, TRAINING, None, built.feature_names, built.dataset.classes)
    path = find_model(what)
    if settings:
        raise bad_input(what, "--set does not apply to a trained model", "leave --set out, or name a recipe")
    model = Model.load(path)
    if data is None:
        part = recipe_parts(model, path)["train"]
    else:
        part, notes = labeled_rows(model, model_table(model, data, separator, read or ()))
        note(notes)
    rows = TRAINING if data is None else "standard input" if data == "-" else data
    return LoadedTarget(model.plan(part), rows, model.theta, model.feature_names, model.classes)


def check_reading(separator: str | None, read: Sequence[str] | None, data: str | None) -> None:
    """Refuse options on how a file is read without a file."""
    if data is None and (separator is not None or read):
        raise bad_input("--separator" if read is None else "--read", "needs a file", "add --data FILE")
