"""Predictions for a block of rows, as CSV and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import polars as pl
    from numpy.typing import NDArray

    from nntrain.artifacts.model import Model
    from nntrain.data import Label
    from nntrain.data.text_table import Table


class Predictions(NamedTuple):
    """The predictions for some rows, by target, and with --proba the probabilities, by class or by label."""

    prediction: dict[str, Any]
    probabilities: dict[str, Any]

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a table: those of the probabilities are called p_CLASS."""
        return self.prediction | {f"p_{name}": values for name, values in self.probabilities.items()}


class Block(NamedTuple):
    """Some rows of a table: the columns that are kept, the predictions, and the number of rows."""

    kept: pl.DataFrame
    found: Predictions
    height: int

    def as_csv(self, header: bool) -> str:
        """Return the rows as CSV."""
        import polars as pl

        columns = {name: pl.Series(values) for name, values in self.found.columns.items()}
        return pl.DataFrame({**self.kept.to_dict(), **columns}).write_csv(include_header=header)

    def as_json(self, first: bool) -> str:
        """Return the rows as items of a JSON array, each on a line; with the array's beginning in the first block."""
        import polars as pl

        groups = {**self.found._asdict(), "kept": self.kept.to_dict()}
        objects = {key: pl.DataFrame(columns).to_struct() for key, columns in groups.items() if columns}
        items = pl.DataFrame(objects).write_ndjson().rstrip("\n").replace("\n", ",\n")
        return f"{'[' if first else ','}\n{items}"


def predictions(model: Model, outputs: NDArray[Any], proba: bool, start: int) -> Predictions:
    """Return the predictions that ``outputs`` (N, O) stand for, and with ``proba`` the probabilities.

    ``start`` is the index of the first row, for messages.

    Raises:
        InputError: if the model gives no probabilities, or a prediction is not finite.
    """
    probabilities = model.probabilities(outputs) if proba else None
    if proba and probabilities is None:
        what = "regression" if model.classes is None else f"the loss {model.loss.name}"
        raise bad_input(
            "--proba", f"{what} gives no probabilities", "train a classifier with loss bce or cross_entropy"
        )
    predicted = model.predictions(outputs, start)
    if model.classes is None:
        return Predictions({name: predicted[:, i] for i, name in enumerate(model.target_names)}, {})
    if len(model.target_names) > 1:
        pairs = zip(model.target_names, predicted.T, strict=True)
        found = {name: [model.classes[index] for index in column] for name, column in pairs}
        names = model.target_names
    else:
        found = {model.target_names[0]: [model.classes[index] for index in predicted]}
        names = tuple(map(_as_in_csv, model.classes))
    return Predictions(found, {} if probabilities is None else dict(zip(names, probabilities.T, strict=True)))


def _as_in_csv(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def kept_columns(model: Model, table: Table, names: Sequence[str], json: bool) -> pl.DataFrame:
    """Return columns of a table as they are printed.

    In CSV their text is that of the file. In JSON, columns that the model reads as numbers have numbers; text stays in
    other columns (007 may be a name), and typed columns of a file keep numbers and truth values.
    """
    import polars as pl

    from nntrain.data.text_table import as_text

    numeric = _numeric(model)

    def printed(name: str) -> pl.Series:
        column = table.columns[name]
        kind = column.dtype
        if kind == pl.String:
            return table.numbers(table.cells(name)) if json and name in numeric else column
        plain = kind.is_integer() or kind.is_float() or kind == pl.Boolean
        unwritable = kind.is_nested() or kind in (pl.Binary, pl.Object)
        return as_text(column) if unwritable or (json and not plain) else column

    return pl.DataFrame({name: printed(name) for name in names})


def _numeric(model: Model) -> set[str]:
    """Return the names of the columns that a model reads as numbers."""
    if model.encoder is None:
        return set(model.feature_names)
    return {column.column for column in model.encoder.columns if column.name in ("numeric", "quantile")}
