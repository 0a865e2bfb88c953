"""``nntrain import``: weights of another library as a model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import JsonOption, Settings

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
    json: JsonOption = False,
) -> None:
    """Make a model file from PyTorch or scikit-learn weights.

    FILE holds the named arrays of a multi-layer perceptron: a PyTorch state dict (0.weight, 0.bias, ...), or
    scikit-learn's weights as coefs_0, intercepts_0, coefs_1 and so on. Modules are matched with the recipe's layers in
    the order of their names.

    --json prints the path of the model file and what the network is.
    """
    model = import_model(file, recipe, settings or [])
    model.save(output)
    if json:
        from nntrain.cli.result import print_json

        print_json(as_data(model, output))


def as_data(model: Model, path: Path) -> dict[str, Any]:
    """Return what an imported model is, and the file ``path`` that holds it, as plain data."""
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "task": model.task,
        "features": model.column_names,
        "targets": model.target_names,
        "classes": model.classes,
        "layers": [layer.label for layer in model.network.layers],
        "parameters": model.network.parameters,
    }


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
