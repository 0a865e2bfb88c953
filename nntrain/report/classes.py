"""Tables of a classifier's single classes: the confusion matrix, and the metrics of each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.errors import counted
from nntrain.metrics import Predicted, UndefinedMetricError
from nntrain.metrics.f1 import of_classes
from nntrain.metrics.ranking import roc_auc
from nntrain.printable import printable
from nntrain.report.fitting import Column, fitted, has_room
from nntrain.report.numbers import number, percent

MAX_CONFUSIONS = 10


def confusion_table(counts: NDArray[np.int64], classes: Sequence[Any], width: int) -> RenderableType:
    """Return a confusion matrix for ``width`` columns, or where it does not fit, its most frequent confusions.

    Args:
        counts: the number of rows (C, C) of each true class (row) and predicted class (column).
        classes: the labels of the classes (C).
        width: columns of the terminal.
    """
    labels = [printable(str(label)) for label in classes]
    for heads in (labels, [str(index) for index in range(1, len(labels) + 1)]):
        numbered = heads is not labels
        names = [f"{head} {label}" for head, label in zip(heads, labels, strict=True)] if numbered else labels
        columns = [Column("true", names, right=False, folds=numbered)]
        columns += [
            Column(head, [_count(counts, i, j) for i in range(len(labels))], name=head) for j, head in enumerate(heads)
        ]
        if has_room(columns, width):
            note = "columns: predicted class" + (", by its number" if numbered else "")
            return Group(fitted(columns, width), Text(note, "dim"))
    return _confusions(counts, labels, width)


def _count(counts: NDArray[np.int64], true: int, predicted: int) -> Text:
    """Return a cell: right predictions are bold, zeros dim."""
    style = "bold" if true == predicted else "" if counts[true, predicted] else "dim"
    return Text(f"{counts[true, predicted]:,}", style)


def _confusions(counts: NDArray[np.int64], labels: Sequence[str], width: int) -> RenderableType:
    """Return the most frequent confusions."""
    wrong = counts - np.diag(np.diag(counts))
    order = [int(place) for place in np.argsort(-wrong, axis=None, kind="stable") if wrong.flat[place]]
    shown, size = order[:MAX_CONFUSIONS], len(labels)
    if not shown:
        return Text(f"no sample of the {size} classes is confused with another class")
    pairs = [divmod(place, size) for place in shown]
    table = fitted(
        [
            Column("true", [labels[true] for true, _ in pairs], right=False, folds=True),
            Column("predicted", [labels[predicted] for _, predicted in pairs], right=False, folds=True),
            Column("samples", [f"{wrong[pair]:,}" for pair in pairs]),
            Column("of the true class", [percent(wrong[pair] / counts[pair[0]].sum()) for pair in pairs], drop=1),
        ],
        width,
    )
    more = f"; {counted(len(order) - len(shown), 'more pair')} of classes in --json" if len(order) > len(shown) else ""
    note = f"the matrix of {size} classes does not fit into {width} columns: its most frequent confusions{more}"
    return Group(table, Text(note, "dim"))


def class_facts(predicted: Predicted, classes: Sequence[Any]) -> list[dict[str, Any]]:
    """Return precision, recall, F1, ROC AUC (against the other classes) and the rows of each class; None where 0/0."""
    found = of_classes(predicted.weighted_confusion)
    rows = predicted.confusion.sum(axis=1)
    values = [[None if np.isnan(value) else float(value) for value in column] for column in found[:3]]
    return [
        {
            "class": label,
            "rows": int(rows[index]),
            "precision": values[0][index],
            "recall": values[1][index],
            "f1": values[2][index],
            "roc_auc": _roc_auc(predicted, index),
        }
        for index, label in enumerate(classes)
    ]


def _roc_auc(predicted: Predicted, index: int) -> float | None:
    try:
        return roc_auc(predicted.y == index, predicted.given_probabilities[:, index], predicted.weights)
    except UndefinedMetricError:
        return None


def class_table(predicted: Predicted, classes: Sequence[Any], width: int) -> RenderableType:
    """Return the metrics of each class for ``width`` columns."""
    facts = class_facts(predicted, classes)
    heads = {"precision": "precision", "recall": "recall", "f1": "F1", "roc_auc": "ROC AUC"}
    columns = [
        Column("class", [printable(str(one["class"])) for one in facts], right=False, folds=True),
        Column("rows", [f"{one['rows']:,}" for one in facts], drop=2),
    ]
    columns += [
        Column(head, [number(one[key]) for one in facts], drop=int(key == "roc_auc"), name=head)
        for key, head in heads.items()
    ]
    return fitted(columns, width)
