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


class Inside(NamedTuple):
    """What was opened."""

    plan: Plan
    theta: NDArray[Any] | None  # None: the first parameters
    features: tuple[str, ...]
    classes: tuple[Label, ...] | None


def opened(what: str, settings: list[str]) -> Inside:
    """Open what ``what`` names: a recipe at its first weights, or a model; ``settings`` override a recipe's keys.

    Raises:
        InputError: if it cannot be read, or its data cannot.
    """
    from nntrain.artifacts.lookup import find, find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import recipe_parts
    from nntrain.cli.show import show

    if find(what).model is None and not Path(what).is_dir():
        built = show(what, settings)
        return Inside(built.plan, None, built.dataset.feature_names, built.dataset.classes)
    path = find_model(what)
    if settings:
        raise bad_input(what, "is a trained model, and --set is for recipes", "leave --set out, or name a recipe")
    model = Model.load(path)
    return Inside(model.plan(recipe_parts(model)["train"]), model.theta, model.feature_names, model.classes)
