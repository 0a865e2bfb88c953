"""``nntrain evaluate``: loss and metric of a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Trained
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.training.events import Scores

SeparatorOption = Annotated[
    str | None, typer.Option(metavar="MARK", help="Separator of the file's cells.  [default: as in the recipe]")
]
DataOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV file with the model's columns; - for standard input.  [default: the data it was trained on]",
    ),
]


def command(
    model: Trained,
    data: DataOption = None,
    separator: SeparatorOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate a model: loss and metric.

    With --data on all rows of a CSV file with its columns, else on the parts of the data that it was trained on. A CSV
    file among those is looked for where the run's recipe.yaml says and beside the model, and read if it is unchanged.
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


def check_separator(separator: str | None, data: str | None) -> None:
    """Refuse a separator without a file."""
    if separator is not None and data is None:
        raise bad_input("--separator", "there is no file to apply it to", "name one with --data")


def evaluate(target: str, data: str | None, separator: str | None = None) -> tuple[str, dict[str, Scores]]:
    """Return the metric's name and the scores of the model that ``target`` names.

    The scores are those of ``train``, ``validation`` and ``test``, split as the recipe says, or those of ``data`` alone
    where a CSV file is given.

    Raises:
        InputError: if the model or the data cannot be read, or do not suit each other.
    """
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labelled_rows, model_table, recipe_parts

    check_separator(separator, data)
    path = find_model(target)
    model = Model.load(path)
    given = None if data is None else labelled_rows(model, model_table(model, data, separator))
    parts = recipe_parts(model, path) if given is None else {"data": given}
    return model.metric, {name: model.score(part) for name, part in parts.items()}
