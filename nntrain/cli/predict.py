"""``nntrain predict``: a trained model on new rows, CSV in and CSV out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Trained
from nntrain.cli.evaluate import SeparatorOption
from nntrain.errors import bad_input, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from nntrain.artifacts.model import Model
    from nntrain.data import Label


def command(
    model: Trained,
    data: Annotated[str, typer.Argument(metavar="FILE", help="CSV file, or - for standard input.")] = "-",
    separator: SeparatorOption = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add a column of probability for each class.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Copy a column of the file, such as an id, to the output. Repeatable."),
    ] = None,
) -> None:
    """Predict the target of each row of a CSV file.

    The file needs a column for each of the model's features, in any order; others are ignored. Standard output gets a
    CSV with a row for each row of the file: the columns to keep, the prediction under the name of the target, and with
    --proba a column p_CLASS for each class.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import print_text

    with compiling_said():
        predicted = predict(model, data, proba, separator, keep or ())
    print_text(predicted.write_csv())


def predict(
    target: str, data: str, proba: bool, separator: str | None = None, keep: Sequence[str] = ()
) -> pl.DataFrame:
    """Return the predictions of the model that ``target`` names for the CSV file ``data`` (``-``: standard input).

    Its columns are those of the file that are named in ``keep``, the predictions, and with ``proba`` the probabilities.

    Raises:
        InputError: if the model or the data cannot be read or do not suit each other, or there are no probabilities.
    """
    import polars as pl

    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import feature_rows, model_table

    model = Model.load(find_model(target))
    table = model_table(model, data, separator)
    x = feature_rows(model, table)
    refuse(table.missing(keep))
    columns: dict[str, pl.Series] = {name: table.columns[name] for name in keep}
    for name, values in _predictions(model, x, proba).items():
        if name in columns:
            raise bad_input(f"--keep {name}", "the predictions have this name", "rename the column in the file")
        columns[name] = pl.Series(values)
    return pl.DataFrame(columns)


def _predictions(model: Model, x: NDArray[np.float64], proba: bool) -> dict[str, Any]:
    probabilities = model.probabilities(x) if proba else None
    if proba and probabilities is None:
        what = "regression" if model.classes is None else f"the loss {model.loss.name}"
        raise bad_input("--proba", f"{what} gives no probabilities", "use bce or cross_entropy for classes")
    predicted = model.predict(x)
    if model.classes is None:
        return {name: predicted[:, i] for i, name in enumerate(model.target_names)}
    found: dict[str, Any] = {model.target_names[0]: [model.classes[index] for index in predicted]}
    if probabilities is not None:
        found |= {f"p_{_as_in_csv(label)}": probabilities[:, i] for i, label in enumerate(model.classes)}
    return found


def _as_in_csv(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
