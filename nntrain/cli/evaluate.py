"""``nntrain evaluate``: how good a trained model is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.training.events import Scores

ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Model file, as nntrain fit leaves it.", show_default=False)
]
SeparatorOption = Annotated[
    str | None, typer.Option(metavar="MARK", help="What parts the file's cells.  [default: as in the recipe]")
]


def command(
    model: ModelFile,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="CSV with the model's columns; - for standard input.  [default: the recipe's]"
        ),
    ] = None,
    separator: SeparatorOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how good a model is: loss and metric.

    Without --data it is evaluated on the parts of its recipe's data, else on all rows of a CSV file with its columns.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.summary import scores_table

    with compiling_said():
        metric, scores = evaluate(model, data, separator)
    if json:
        print_json({part: {"loss": score.loss, metric: score.metric} for part, score in scores.items()})
    else:
        print_table(scores_table(metric, scores))


def evaluate(path: Path, data: str | None, separator: str | None = None) -> tuple[str, dict[str, Scores]]:
    """Return the metric's name and the scores of the model at ``path``.

    The scores are those of ``train``, ``validation`` and ``test``, split as the recipe says, or those of ``data`` alone
    where a CSV file is given.

    Raises:
        InputError: if the model or the data cannot be read, or do not suit each other.
    """
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import labelled_rows, recipe_parts

    if separator is not None and data is None:
        raise bad_input("--separator", "there is no file that it is for", "name one by --data")
    model = Model.load(path)
    parts = recipe_parts(model) if data is None else {"data": labelled_rows(model, data, separator)}
    return model.metric, {name: model.score(part) for name, part in parts.items()}
