"""``nntrain importance``: which columns a model depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import (
    Code,
    DataOption,
    FormatOption,
    JsonOption,
    ReadOption,
    SeparatorOption,
    TableFormat,
    Trained,
)
from nntrain.cli.loading import check_reading
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nntrain.metrics.importance import Importance

REPEATS = 10


def command(
    model: Trained,
    data: DataOption = None,
    separator: SeparatorOption = None,
    read: ReadOption = None,
    code: Code = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What the shuffled column costs: loss, or a metric.  [default: accuracy or r2]",
            autocompletion=completion.metric,
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=10_000, help="Shuffles of each column.")] = REPEATS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the shuffles.")] = 0,
    form: FormatOption = TableFormat.TABLE,
    json: JsonOption = False,
) -> None:
    """Show how much a model depends on each column.

    Shuffles the values of one column at a time and measures how much worse the model becomes: its permutation
    importance, as a mean and a standard deviation over the repeats. Columns are those of the table, before categories
    and dates are encoded. The rows are those of the test split, or of --data. Of two columns that say the same, each
    can look unimportant, as the model still has the other.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.console import stderr_console
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.report.importance import importance_table

    with announce_compiling():
        found = importance(model, data, separator, read or (), metric, repeats, seed)
    stderr_console().print(found.about)
    if json:
        print_json(found.to_json())
    else:
        bars = form is TableFormat.TABLE
        print_table(importance_table(found.columns, found.importances, table_width(form), bars), form)


@dataclass(frozen=True)
class Found:
    """The importance of a model's columns, and what it was measured with."""

    metric: str
    score: float
    split: str
    rows: int
    repeats: int
    columns: Sequence[str]
    importances: Sequence[Importance]

    @property
    def about(self) -> str:
        """What was measured."""
        from nntrain.errors import counted
        from nntrain.metrics import metric_label

        where = "the rows of --data" if self.split == "data" else f"the {self.split} split"
        return (
            f"{metric_label(self.metric)} {self.score:.4g} on {where} ({counted(self.rows, 'row')}); "
            f"the importance is how much worse it gets, {counted(self.repeats, 'shuffle')} of each column"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data, the columns in the order of the model."""
        columns = [
            {"column": name, "importance": one.mean, "std": one.std}
            for name, one in zip(self.columns, self.importances, strict=True)
        ]
        facts = {"metric": self.metric, "score": self.score, "split": self.split, "rows": self.rows}
        return {**facts, "repeats": self.repeats, "columns": columns}


def importance(
    target: str,
    data: str | None = None,
    separator: str | None = None,
    read: Sequence[str] = (),
    metric: str | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Found:
    """Return the importance of a model's columns.

    Args:
        target: a run or model, as a command's argument names it.
        data: a file; None for the model's test split (its training split if there is none).
        separator: cell separator of the file; None for the one in the model's recipe.
        read: how the file is read, as ``--read`` sets it.
        metric: ``loss`` or a metric; None for accuracy or r2.
        repeats: shuffles of each column.
        seed: of the shuffles.

    Raises:
        InputError: if the model or the data cannot be read, or do not match, or the metric has no value on the rows.
    """
    from rich.progress import track

    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labeled_rows, recipe_parts
    from nntrain.artifacts.model_table import model_table
    from nntrain.cli.console import stderr_console
    from nntrain.cli.result import note
    from nntrain.data.prepare import Split
    from nntrain.metrics import lower_is_better, metrics
    from nntrain.metrics.importance import importances
    from nntrain.metrics.names import check_metric
    from nntrain.training.scoring import gives_probabilities

    check_reading(separator, read, data)
    path = find_model(target)
    model = Model.load(path)
    name = metric or model.metric
    probabilities = gives_probabilities(model.network.layers[-1].activation, model.loss)
    check_metric("--metric", name, model.task, probabilities, ("loss",))
    if data is None:
        splits = recipe_parts(model, path)
        split = "test" if "test" in splits else "train"
        part = splits[split]
    else:
        split = "data"
        part, notes = labeled_rows(model, model_table(model, data, separator, read))
        note(notes)
    sign = -1 if lower_is_better(name) else 1

    def score(x: NDArray[Any]) -> float:
        loss, predicted = model.judge(Split(x, part.y, part.weights))
        found = (loss, "") if name == "loss" else metrics()[name].score(predicted)
        if found[0] is None:
            raise bad_input("--metric", f"{name} has no value on these rows: {found[1]}", "choose another metric")
        return sign * found[0]

    console = stderr_console()
    shuffled = importances(score, part.x, repeats, seed)
    total, hidden = len(model.column_names), not console.is_terminal
    done = list(track(shuffled, "shuffling", total, console=console, transient=True, disable=hidden))
    return Found(name, sign * score(part.x), split, len(part.y), repeats, model.column_names, done)
