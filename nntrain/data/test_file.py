"""The target in a separate test file, read as in the training file."""

import numpy as np

from nntrain.data import Label
from nntrain.data.numbers import complete_numbers
from nntrain.data.target import Target, labels, read_labels
from nntrain.data.text_table import Table
from nntrain.errors import Problem, listed, nearest, others


def read_test_target(table: Table, names: list[str], classes: tuple[Label, ...] | None) -> Target:
    """Return the target of a test file: numbers if ``classes`` is None, else indices of the training file's classes."""
    if classes is None:
        numbers, problems = complete_numbers(table, names)
        return Target(numbers, None, problems=tuple(problems))
    if len(names) > 1:
        y, problems = read_labels(table, names, classes)
        return Target(y, classes, problems=tuple(problems))
    index = {str(label): place for place, label in enumerate(classes)}
    found = list(map(str, labels(table, names[0])))
    codes = np.array([index.get(label, -1) for label in found], np.int64)
    unknown = np.flatnonzero(codes < 0)
    if not unknown.size:
        return Target(codes, classes)
    label = found[int(unknown[0])]
    what = f"column {names[0]!r}: class {label!r} is not in the training file{others(unknown.size, 'row')}"
    hint = f"{nearest(label, index)} classes: {listed(index)}".strip()
    return Target(codes, classes, problems=(Problem(table.place(int(unknown[0])), what, hint),))
