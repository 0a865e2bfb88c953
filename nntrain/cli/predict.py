"""``nntrain predict``: predictions of a trained model, from a table to CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, ReadOption, SeparatorOption, Trained, UnseenOption
from nntrain.errors import InputError, bad_input, counted, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import polars as pl
    from numpy.typing import NDArray

    from nntrain.artifacts.model import Model
    from nntrain.data import Label

BLOCK_OUTPUTS = 1 << 22  # outputs per block: bounds the memory


def command(
    model: Trained,
    data: Annotated[str, typer.Argument(metavar="FILE", help="Table; - for standard input.")] = "-",
    separator: SeparatorOption = None,
    read: ReadOption = None,
    unseen: UnseenOption = None,
    code: Code = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add a column for the probability of each class.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Copy a column of the file to the output, such as an id. Repeatable."),
    ] = None,
) -> None:
    """Predict the target of each row of a table.

    The file must have a column for each of the model's features, in any order; other columns are ignored. The output
    is CSV with one row per row of the file: the columns to keep, the prediction under the name of the target, and with
    --proba one column p_CLASS per class, or for several labels one column p_LABEL each.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import note, print_text

    printed = 0
    try:
        with announce_compiling():
            for block in predict(model, data, proba, separator, keep or (), read or (), unseen):
                if not print_text(block.write_csv(include_header=not printed)):
                    return
                printed += block.height
    except InputError:
        if printed:
            note([f"only the first {counted(printed, 'prediction')} {'was' if printed == 1 else 'were'} printed"])
        raise


def predict(
    target: str,
    data: str,
    proba: bool,
    separator: str | None = None,
    keep: Sequence[str] = (),
    read: Sequence[str] = (),
    unseen: str | None = None,
) -> Iterator[pl.DataFrame]:
    """Yield a model's predictions for a table, in blocks of rows.

    The columns are those of the file named in ``keep``, the predictions, and with ``proba`` the probabilities.

    Args:
        target: a run or model, as a command's argument names it.
        data: the file; ``-`` for standard input.
        proba: whether to add the probability of each class.
        separator: cell separator; None for the one in the model's recipe.
        keep: columns of the file to copy.
        read: how the file is read, ``key=value``.
        unseen: what happens to categories not seen in training; None: as the recipe says.

    Raises:
        InputError: if the model or the data cannot be read or do not match, or the model gives no probabilities.
    """
    import polars as pl

    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import feature_rows
    from nntrain.artifacts.model_table import model_blocks
    from nntrain.artifacts.row_facts import RowFacts
    from nntrain.cli.result import note

    model, facts, above = Model.load(find_model(target)), RowFacts(), 0
    blocks = model_blocks(model, data, separator, read)
    table = next(blocks, None)
    while table is not None:
        x, notes = feature_rows(model, table, unseen, facts)
        refuse(table.missing_columns(keep))
        kept, start = {name: table.columns[name] for name in keep}, 0
        table = next(blocks, None)  # the other columns, as text, take most of the memory
        note(notes if table is None else ())
        for outputs in model.outputs(x, max(1, BLOCK_OUTPUTS // model.network.outputs), above):
            columns = {name: values.slice(start, len(outputs)) for name, values in kept.items()}
            for name, values in predictions(model, outputs, proba, above + start).items():
                if name in columns:
                    what = "the column of the predictions has this name too"
                    raise bad_input(f"--keep {name}", what, "rename the column in the file")
                columns[name] = pl.Series(values)
            yield pl.DataFrame(columns)
            start += len(outputs)
        above += start


def predictions(model: Model, outputs: NDArray[Any], proba: bool, start: int) -> dict[str, Any]:
    """Return the columns that ``outputs`` stand for: the predictions, and with ``proba`` the class probabilities.

    ``start`` is the index of the first row, for messages.
    """
    probabilities = model.probabilities(outputs) if proba else None
    if proba and probabilities is None:
        what = "regression" if model.classes is None else f"the loss {model.loss.name}"
        raise bad_input(
            "--proba", f"{what} gives no probabilities", "train a classifier with loss bce or cross_entropy"
        )
    predicted = model.predictions(outputs, start)
    if model.classes is None:
        return {name: predicted[:, i] for i, name in enumerate(model.target_names)}
    if len(model.target_names) > 1:
        pairs = zip(model.target_names, predicted.T, strict=True)
        labels = {name: [model.classes[index] for index in column] for name, column in pairs}
        each = {} if probabilities is None else {f"p_{name}": probabilities[:, i] for i, name in enumerate(labels)}
        return {**labels, **each}
    found: dict[str, Any] = {model.target_names[0]: [model.classes[index] for index in predicted]}
    if probabilities is not None:
        found |= {f"p_{_as_in_csv(label)}": probabilities[:, i] for i, label in enumerate(model.classes)}
    return found


def _as_in_csv(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
