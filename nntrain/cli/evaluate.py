"""``nntrain evaluate``: the loss and the metric of a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, DataOption, ReadOption, SeparatorOption, Trained, UnseenOption
from nntrain.cli.loading import check_reading
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.training.events import Scores


def command(
    model: Trained,
    data: DataOption = None,
    separator: SeparatorOption = None,
    read: ReadOption = None,
    unseen: UnseenOption = None,
    code: Code = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate a trained model.

    Prints the loss and the metric on each split of the model's own data, or with --data on all rows of a table. The
    model's own file is looked for at the path in the run's recipe.yaml and beside the model; it must not have
    changed.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.summary import scores_table

    with announce_compiling():
        metric, scores = evaluate(model, data, separator, read, unseen)
    if json:
        print_json({split: {"loss": score.loss, metric: score.metric} for split, score in scores.items()})
    else:
        print_table(scores_table(metric, scores))


def evaluate(
    target: str,
    data: str | None,
    separator: str | None = None,
    read: list[str] | None = None,
    unseen: str | None = None,
) -> tuple[str, dict[str, Scores]]:
    """Return the name of a model's metric, and its scores by split.

    The splits are ``train``, ``validation`` and ``test`` of the recipe, or ``data`` if a table is given.

    Raises:
        InputError: if the model or the data cannot be read, or do not match.
    """
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labeled_rows, recipe_parts
    from nntrain.artifacts.model_table import model_table
    from nntrain.cli.result import note

    check_reading(separator, read, data)
    if unseen is not None and data is None:
        raise bad_input("--unseen", "needs a file", "add --data FILE")
    path = find_model(target)
    model = Model.load(path)
    if data is None:
        splits = recipe_parts(model, path)
    else:
        given, notes = labeled_rows(model, model_table(model, data, separator, read or ()), unseen)
        splits = {"data": given}
        note(notes)
    return model.metric, {name: model.score(split) for name, split in splits.items()}
