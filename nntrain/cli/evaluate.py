"""``nntrain evaluate``: the loss and the metrics of a trained model."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import (
    Code,
    DataOption,
    JsonOption,
    MetricsOption,
    ReadOption,
    SeparatorOption,
    Trained,
    UnseenOption,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from nntrain.cli.evaluation import Evaluation
    from nntrain.metrics.bootstrap import Kind


class IntervalKind(StrEnum):
    """The values of ``--interval``."""

    PERCENTILE = "percentile"
    BCA = "bca"


def command(
    model: Trained,
    data: DataOption = None,
    separator: SeparatorOption = None,
    read: ReadOption = None,
    unseen: UnseenOption = None,
    code: Code = None,
    metrics: MetricsOption = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Compare with a constant prediction and with a linear model.")
    ] = False,
    per_class: Annotated[
        bool, typer.Option("--per-class", help="Show precision, recall, F1 and ROC AUC of each class.")
    ] = False,
    confusion: Annotated[bool, typer.Option("--confusion", help="Show the confusion matrix.")] = False,
    bootstrap: Annotated[
        int, typer.Option(metavar="N", help="Show 95 % intervals from N resamples of the rows, such as 1000.")
    ] = 0,
    interval: Annotated[
        IntervalKind | None,
        typer.Option(
            help="Kind of the intervals; bca corrects them for bias and skewness.  [default: percentile]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="SEED", help="Seed of the resamples.")] = 0,
    json: JsonOption = False,
) -> None:
    """Evaluate a trained model.

    Prints the loss and the metrics on each split of the model's own data, or with --data on all rows of a table. The
    model's own file is looked for at the path in the run's recipe.yaml and beside the model; it must not have
    changed. --json prints all metrics.

    --baselines also shows what always predicting the most frequent class (or the mean) reaches, and logistic (or ridge)
    regression on the same inputs. Both are fitted on the training split, so the model's own data are needed.

    With several targets, the metrics of each one follow, on the test split or the rows of --data.

    --per-class, --confusion and --bootstrap are on the test split, or the rows of --data; with --json, the first two
    are on every split.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.evaluation import Request, evaluate
    from nntrain.cli.result import note, print_json, print_table

    classes = per_class or confusion
    kind: Kind | None = None if interval is None else "bca" if interval is IntervalKind.BCA else "percentile"
    with announce_compiling():
        found = evaluate(
            Request(model, data, separator, read or (), unseen, metrics, baselines, classes, bootstrap, seed, kind)
        )
    note(found.notes)
    if json:
        print_json(found.to_json(per_class, confusion))
        return
    from rich.console import Group

    print_table(Group(*_tables(found, per_class, confusion)))


def _tables(found: Evaluation, per_class: bool, confusion: bool) -> Iterator[RenderableType]:
    """Yield the tables to print, with an empty line between two."""
    from nntrain.cli.result import table_width
    from nntrain.report.baselines import baselines_table
    from nntrain.report.classes import class_table, confusion_table
    from nntrain.report.scores import intervals_table, scores_table, targets_table

    task, width, last = found.model.task, table_width(), found.splits[found.last].predicted
    if found.baselines is None:
        yield scores_table(found.values, task, width, found.named)
    else:
        yield baselines_table(found.values, found.baselines, task, width, found.named)
    if found.intervals:
        yield ""
        yield intervals_table(found.last, found.values[found.last], found.intervals, width)
    if targets := found.targets(found.last):
        yield f"\n{found.last} split, each target:" if found.last != "data" else "\neach target:"
        yield targets_table(targets, found.shown, width)
    if per_class:
        yield f"\n{found.last} split, each class:" if found.last != "data" else "\neach class:"
        yield class_table(last, found.model.classes or (), width)
    if confusion:
        yield f"\n{found.last} split, confusion matrix:" if found.last != "data" else "\nconfusion matrix:"
        yield confusion_table(last.confusion, found.model.classes or (), width)
