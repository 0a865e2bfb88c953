"""A recipe at its first weights, or a trained model with the rows it was trained on: what can be looked into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from nntrain.data import Label
    from nntrain.training.plan import Plan

MODEL = "model.safetensors"
Opened = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|MODEL", help="Recipe, at its first weights; model file or a run's directory, as trained."
    ),
]


class Inside(NamedTuple):
    """What was opened."""

    plan: Plan
    theta: NDArray[Any] | None  # None: the first parameters
    features: tuple[str, ...]
    classes: tuple[Label, ...] | None


def opened(what: str, settings: list[str]) -> Inside:
    """Open the recipe, model file or run's directory ``what``; ``settings`` override a recipe's keys.

    Raises:
        InputError: if it cannot be read, or its data cannot.
    """
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import recipe_parts
    from nntrain.cli.show import show

    path = Path(what)
    if path.is_dir():
        path /= MODEL
    if path.suffix != Path(MODEL).suffix:
        built = show(what, settings)
        return Inside(built.plan, None, built.dataset.feature_names, built.dataset.classes)
    if settings:
        raise bad_input(path, "is a trained model, and --set is for recipes", "leave it out")
    model = Model.load(path)
    return Inside(model.plan(recipe_parts(model)["train"]), model.theta, model.feature_names, model.classes)
