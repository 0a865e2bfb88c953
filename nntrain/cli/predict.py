"""``nntrain predict``: predictions of a trained model for a table, as CSV or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, ReadOption, SeparatorOption, Trained, UnseenOption
from nntrain.errors import InputError, bad_input, counted, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nntrain.cli.predictions import Block

BLOCK_OUTPUTS = 1 << 19  # outputs per block: bounds the memory


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
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Predict the target of each row of a table.

    The file must have a column for each of the model's features, in any order; other columns are ignored. The output
    is CSV with one row per row of the file: the columns to keep, the prediction under the name of the target, and with
    --proba one column p_CLASS per class, or for several labels one column p_LABEL each.

    --json prints one JSON array with an object on a line for each row: prediction (by target), with --proba
    probabilities (by class or label), and with --keep kept. A kept column has numbers if the model reads it as numbers
    or the file has types, as Parquet does, and text otherwise.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import note, print_text

    printed = 0
    try:
        with announce_compiling():
            for block in predict(model, data, proba, separator, keep or (), read or (), unseen, json):
                if not print_text(block.as_json(not printed) if json else block.as_csv(not printed)):
                    return
                printed += block.height
    except InputError:
        if printed:
            note([f"only the first {counted(printed, 'prediction')} {'was' if printed == 1 else 'were'} printed"])
        raise
    if json:
        print_text("\n]\n" if printed else "[]\n")


def predict(
    target: str,
    data: str,
    proba: bool,
    separator: str | None = None,
    keep: Sequence[str] = (),
    read: Sequence[str] = (),
    unseen: str | None = None,
    json: bool = False,
) -> Iterator[Block]:
    """Yield a model's predictions for a table, in blocks of rows.

    Args:
        target: a run or model, as a command's argument names it.
        data: the file; ``-`` for standard input.
        proba: whether to add the probability of each class.
        separator: cell separator; None for the one in the model's recipe.
        keep: columns of the file to copy.
        read: how the file is read, ``key=value``.
        unseen: what happens to categories not seen in training; None: as the recipe says.
        json: whether the columns to copy are printed as JSON, with numbers, and not as CSV.

    Raises:
        InputError: if the model or the data cannot be read or do not match, or the model gives no probabilities.
    """
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import feature_rows
    from nntrain.artifacts.model_table import model_blocks
    from nntrain.artifacts.row_facts import RowFacts
    from nntrain.cli.predictions import Block, kept_columns, predictions
    from nntrain.cli.result import note

    keep = list(dict.fromkeys(keep))
    model, facts, above = Model.load(find_model(target)), RowFacts(), 0
    blocks = model_blocks(model, data, separator, read)
    table = next(blocks, None)
    while table is not None:
        x, notes = feature_rows(model, table, unseen, facts)
        refuse(table.missing_columns(keep))
        kept, start = kept_columns(model, table, keep, json), 0
        table = next(blocks, None)  # the other columns, as text, take most of the memory
        note(notes if table is None else ())
        for outputs in model.outputs(x, max(1, BLOCK_OUTPUTS // model.network.outputs), above):
            found = predictions(model, outputs, proba, above + start)
            both = next((name for name in keep if name in found.columns), None)
            if both is not None:
                what = "the column of the predictions has this name too"
                raise bad_input(f"--keep {both}", what, "rename the column in the file")
            yield Block(kept.slice(start, len(outputs)), found, len(outputs))
            start += len(outputs)
        above += start
