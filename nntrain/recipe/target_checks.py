"""Whether the targets of a data set can be transformed as a recipe says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.table import TableFile
from nntrain.data.target_scaling import BOUNDS, KEY, Transform
from nntrain.errors import InputError, bad_key, others
from nntrain.recipe.schema import Data


def check_target_transform(data: Data, dataset: Dataset) -> None:
    """Refuse a transform of classes, and of numbers that it cannot take.

    Raises:
        InputError: with the first such number.
    """
    transform = data.target_transform
    if transform is None:
        return
    if dataset.classes is not None:
        hint = "remove the key"
        if isinstance(data.source, TableFile):
            hint += ", or set data.source.task: regression if the target holds numbers"
        raise bad_key(KEY, f"{transform} is for regression, but the target has classes", hint)
    files = [""]
    if isinstance(data.source, TableFile):
        files = [f" of {data.source.path}", f" of {data.source.test_file}"]
    for part, file in zip([dataset, dataset.test], files, strict=False):
        problem = None if part is None else out_of_domain(transform, part.y, part.target_names, file, part.rows)
        if problem is not None:
            raise problem


def out_of_domain(
    transform: Transform, y: NDArray[Any], names: tuple[str, ...], file: str = "", rows: NDArray[np.int64] | None = None
) -> InputError | None:
    """Return the error for the first of the targets (N, T) that a transform cannot take, or None.

    Args:
        transform: which one.
        y: the targets.
        names: of the targets (T).
        file: where they are, as in `` of houses.csv``.
        rows: the position of each row in the file (N,), from 0; None: all rows in order.
    """
    bound = BOUNDS.get(transform)
    if bound is None or not (wrong := y <= bound).any():
        return None
    first = int(wrong.any(axis=1).argmax())
    column = int(wrong[first].argmax())
    row = (first if rows is None else int(rows[first])) + 1
    count = int(wrong.any(axis=1).sum())
    what = (
        f"{transform} needs targets above {bound:g}, but {names[column]!r} is {y[first, column]:g} in row {row}{file}"
    )
    usable = "log1p (targets above -1) or " if transform == "log" and y.min() > BOUNDS["log1p"] else ""
    hint = f"choose {usable}yeo_johnson, which takes any number, or leave those rows out"
    return bad_key(KEY, what + others(count, "row"), hint)
