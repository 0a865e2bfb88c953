"""Arguments and options that several commands share, with what a shell completes them to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nntrain.cli import completion

NAMES = "recipe file, - (standard input), shipped recipe by name, directory of a run, or model file"
Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"What to take the recipe from: {NAMES}.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
Trained = Annotated[
    str,
    typer.Argument(
        metavar="RUN|MODEL",
        help="Directory of a run, or model file.",
        show_default=False,
        autocompletion=completion.models,
    ),
]
Opened = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"{NAMES[0].upper()}{NAMES[1:]}; a recipe is looked into at its first weights, a run or model as trained.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the recipe, as in optimizer.lr=0.01. Repeatable.",
        autocompletion=completion.settings,
    ),
]
Recipes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"{NAMES[0].upper()}{NAMES[1:]}. Directories of runs are compared as they are.  [default: digits]",
        autocompletion=completion.targets,
    ),
]
Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help="Directories of runs, or that of a comparison.",
        show_default=False,
        autocompletion=completion.runs,
    ),
]


def _names(key: str) -> Any:
    help_ = "With commas between them; nntrain list knows them."
    return typer.Option(metavar="NAMES", help=help_, autocompletion=completion.names_of(key))


Optimizers = Annotated[str | None, _names("optimizer")]
Losses = Annotated[str | None, _names("loss")]
Activations = Annotated[str | None, _names("model.activation")]
Initializers = Annotated[str | None, _names("model.initializer")]
Schedules = Annotated[str | None, _names("schedule")]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUES",
        help="Any key, as in model.dropout=0,0.5. Repeatable.",
        autocompletion=completion.settings,
    ),
]
Compared = Annotated[
    str | None,
    typer.Option(
        metavar="PART.NAME",
        help="What is compared, as in validation.accuracy.  [default: validation.loss]",
        autocompletion=completion.measures,
    ),
]
