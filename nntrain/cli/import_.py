"""``nntrain import``: weights of another library as a model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Settings

if TYPE_CHECKING:
    from nntrain.artifacts.model import Model


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="State dict, as .safetensors or .npz.")],
    recipe: Annotated[
        str,
        typer.Option(
            metavar="RECIPE",
            help="Recipe of the network, and of the data that standardization and classes come from.",
            autocompletion=completion.targets,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Model file to write.")],
    settings: Settings = None,
) -> None:
    """Make a model file from PyTorch or scikit-learn weights.

    FILE holds the named arrays of a multi-layer perceptron: a PyTorch state dict (0.weight, 0.bias, ...), or
    scikit-learn's weights as coefs_0, intercepts_0, coefs_1 and so on. Modules are matched with the recipe's layers in
    the order of their names.
    """
    import_model(file, recipe, settings or []).save(output)


def import_model(file: Path, recipe: str, settings: list[str]) -> Model:
    """Return the model of a recipe with the weights of a file.

    Raises:
        InputError: if the file or the recipe cannot be read, or they do not suit each other.
    """
    import numpy as np

    from nntrain.artifacts.lookup import load_recipe
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.state_dict import fill, read_arrays
    from nntrain.recipe.build import build

    arrays = read_arrays(file)
    loaded = load_recipe(recipe, settings)
    built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
    theta = built.plan.network.initial(built.plan.seed, np.dtype(built.recipe.training.dtype))
    fill(built.plan.network, theta, arrays, file)
    return Model.of(built.recipe, built.plan.network, theta, built.dataset, built.plan.data)
