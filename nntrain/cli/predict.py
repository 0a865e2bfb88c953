"""``nntrain predict``: a trained model on new rows, CSV in and CSV out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.evaluate import ModelFile, SeparatorOption
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from nntrain.data import Label


def command(
    model: ModelFile,
    data: Annotated[str, typer.Argument(metavar="[FILE|-]", help="CSV file, or - for standard input.")] = "-",
    separator: SeparatorOption = None,
    proba: Annotated[bool, typer.Option("--proba", help="Print a column of probability for each class.")] = False,
) -> None:
    """Predict the target of each row of a CSV file.

    The file needs a column for each of the model's features, in any order; others are ignored. Standard output gets a
    CSV with a row for each row of the file: the target's name and the prediction, or with --proba a column for each
    class.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.result import print_text

    with compiling_said():
        predicted = predict(model, data, proba, separator)
    print_text(predicted.write_csv())


def predict(path: Path, data: str, proba: bool, separator: str | None = None) -> pl.DataFrame:
    """Return the predictions of the model at ``path`` for the CSV file ``data`` (``-``: standard input).

    Raises:
        InputError: if the model or the data cannot be read or do not suit each other, or there are no probabilities.
    """
    import polars as pl

    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import feature_rows

    model = Model.load(path)
    x = feature_rows(model, data, separator)
    if proba:
        probabilities = model.probabilities(x)
        if probabilities is None:
            what = "regression" if model.classes is None else f"the loss {model.loss.name}"
            raise bad_input("--proba", f"{what} gives no probabilities", "use bce or cross_entropy for classes")
        return pl.DataFrame(
            {f"p_{_as_in_csv(label)}": probabilities[:, i] for i, label in enumerate(model.classes or ())}
        )
    predicted = model.predict(x)
    if model.classes is not None:
        labels = [model.classes[index] for index in predicted]
        return pl.DataFrame({model.target_names[0]: labels})
    return pl.DataFrame({name: predicted[:, i] for i, name in enumerate(model.target_names)})


def _as_in_csv(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
