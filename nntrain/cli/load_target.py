"""A recipe at its first weights, or a trained model with the rows it was trained on: what can be looked into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from nntrain.data import Label
    from nntrain.training.plan import Plan

TRAINING = "the training part"


class LoadedTarget(NamedTuple):
    """What was opened."""

    plan: Plan
    rows: str  # what its training part is, in words
    theta: NDArray[Any] | None  # None: the first parameters
    features: tuple[str, ...]
    classes: tuple[Label, ...] | None


def load_target(what: str, settings: list[str], data: str | None, separator: str | None) -> LoadedTarget:
    """Open what ``what`` names: a recipe at its first weights, or a model.

    Args:
        what: a recipe, run or model, as a command's argument names it.
        settings: override a recipe's keys.
        data: CSV file of which a model gets all rows; None: the training part of what it was trained on.
        separator: of that file's cells; None: as in the model's recipe.

    Raises:
        InputError: if it cannot be read, or its data cannot.
    """
    from nntrain.artifacts.lookup import find, find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labelled_rows, model_table, recipe_parts
    from nntrain.cli.evaluate import check_separator
    from nntrain.cli.show import show

    check_separator(separator, data)
    if find(what).model is None and not Path(what).is_dir():
        if data is not None:
            raise bad_input("--data", "is for trained models", "set a recipe's file by --set data.source.path=FILE")
        built = show(what, settings)
        return LoadedTarget(built.plan, TRAINING, None, built.dataset.feature_names, built.dataset.classes)
    path = find_model(what)
    if settings:
        raise bad_input(what, "is a trained model, and --set is for recipes", "leave --set out, or name a recipe")
    model = Model.load(path)
    given = None if data is None else labelled_rows(model, model_table(model, data, separator))
    part = recipe_parts(model, path)["train"] if given is None else given
    rows = TRAINING if data is None else "standard input" if data == "-" else data
    return LoadedTarget(model.plan(part), rows, model.theta, model.feature_names, model.classes)
