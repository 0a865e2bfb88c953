"""Arguments and options that several commands share, with their shell completion."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nntrain.cli import completion

NAMES = "recipe file, - for standard input, name of a shipped recipe, run directory, or model file"
Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"Source of the recipe: {NAMES}.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
OptionalRecipe = Annotated[
    str | None,
    typer.Argument(
        metavar="[RECIPE|RUN|MODEL]",
        help=f"Source of the recipe: {NAMES}.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
Trained = Annotated[
    str,
    typer.Argument(
        metavar="RUN|MODEL",
        help="Run directory or model file.",
        show_default=False,
        autocompletion=completion.models,
    ),
]
Opened = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"{NAMES[0].upper()}{NAMES[1:]}. A recipe gives initial weights, a run or model trained ones.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the recipe, such as optimizer.lr=0.01. Repeatable.",
        autocompletion=completion.settings,
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Table with the model's columns; - for standard input.  [default: the data it was trained on]",
    ),
]
SeparatorOption = Annotated[
    str | None,
    typer.Option(
        metavar="MARK",
        help="Cell separator: comma, semicolon, tab, pipe, space or colon, or the character.  "
        "[default: as in the recipe]",
        autocompletion=completion.separators,
    ),
]
ReadOption = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        metavar="KEY=VALUE",
        help="How the table is read, by a key of data.source: format, decimal, thousands, encoding, header, skip_rows; "
        "as in --read decimal=,. Repeatable.",
        autocompletion=completion.readings,
    ),
]


class Unseen(StrEnum):
    """What happens to a category that training has not seen."""

    POOL = "pool"
    ERROR = "error"


UnseenOption = Annotated[
    Unseen | None,
    typer.Option(
        metavar="pool|error",
        help="Categories not seen in training: treat them as rare ones, or refuse them.  [default: as in the recipe]",
    ),
]


MetricsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Metrics to show: comma-separated, or all; see nntrain list metrics.  [default: the main ones]",
        autocompletion=completion.metrics,
    ),
]


class TableFormat(StrEnum):
    """How tables are printed."""

    TABLE = "table"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"


FormatOption = Annotated[
    TableFormat,
    typer.Option("--format", metavar="table|markdown|latex|csv", help="Print tables in this format."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Recipes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RECIPE|RUN|MODEL",
        help=f"{NAMES[0].upper()}{NAMES[1:]}. Run directories are compared without training.  [default: digits]",
        autocompletion=completion.targets,
    ),
]
Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help="Run directories, or the directory of a comparison.",
        show_default=False,
        autocompletion=completion.runs,
    ),
]


def _load(paths: list[Path] | None) -> list[Path] | None:
    """Run the files of --code, before other options are read."""
    if paths:
        from nntrain.recipe.code import load_code

        for path in paths:
            load_code(path)
    return paths


Code = Annotated[
    list[Path] | None,
    typer.Option(
        "--code",
        metavar="FILE",
        help="Python file with your own optimizer, activation, loss, initializer or schedule. Repeatable.",
        is_eager=True,
        callback=_load,
    ),
]


def _names(key: str, family: str) -> Any:
    help_ = f"Comma-separated; see nntrain list {family}."
    return typer.Option(metavar="NAMES", help=help_, autocompletion=completion.names_of(key))


Optimizers = Annotated[str | None, _names("optimizer", "optimizers")]
Losses = Annotated[str | None, _names("loss", "losses")]
Activations = Annotated[str | None, _names("model.activation", "activations")]
Initializers = Annotated[str | None, _names("model.initializer", "initializers")]
Schedules = Annotated[str | None, _names("schedule", "schedules")]
BatchSizes = Annotated[str | None, typer.Option(metavar="NUMBERS", help="Comma-separated, such as 16,64,full.")]
LearningRates = Annotated[str | None, typer.Option(metavar="NUMBERS", help="Learning rates, such as 0.1,0.01.")]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUES",
        help="Values of any key, such as model.dropout=0,0.5. Repeatable.",
        autocompletion=completion.settings,
    ),
]
Compared = Annotated[
    str | None,
    typer.Option(
        metavar="SPLIT.NAME",
        help="Measure to compare, such as validation.accuracy.  [default: validation.loss]",
        autocompletion=completion.measures,
    ),
]
