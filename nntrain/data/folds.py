"""Folds of a dataset: each row is in the test split of one fold, as scikit-learn's splitters have it."""

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.errors import bad_key, counted
from nntrain.registry import Strict

if TYPE_CHECKING:
    from nntrain.data import Dataset
    from nntrain.data.split import Indices

MAX_FOLDS = 1000


class Fold(Strict):
    """The fold of a cross-validation that is the test split; nntrain fit --folds trains each of them."""

    number: Annotated[int, Field(ge=1, le=MAX_FOLDS, description="number of the fold, from 1")]
    of: Annotated[int, Field(ge=2, le=MAX_FOLDS, description="number of folds")]

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.number > self.of:
            raise PydanticCustomError("no_such_fold", f"there is no fold {self.number} of {self.of}")
        return self


def fold_rows(dataset: "Dataset", fold: Fold, stratify: bool, seed: int) -> "tuple[Indices, Indices]":
    """Return the indices of the other rows and of the rows in a fold.

    ======================== ====================================== ========================================
    rows are split           numbers                                classes, with ``stratify``
    ======================== ====================================== ========================================
    at random                KFold                                  StratifiedKFold
    by groups                GroupKFold                             StratifiedGroupKFold
    by time                  TimeSeriesSplit                        TimeSeriesSplit
    ======================== ====================================== ========================================

    All but TimeSeriesSplit shuffle by ``seed``. In a fold by time, rows later than the fold are in no split.

    Raises:
        InputError: if a class has fewer rows than there are folds.
    """
    from sklearn.model_selection import (  # takes 0.8 s
        GroupKFold,
        KFold,
        StratifiedGroupKFold,
        StratifiedKFold,
        TimeSeriesSplit,
    )

    by, rows = dataset.split_by, np.arange(len(dataset.x))
    if by is not None and by.kind == "time":
        order = np.argsort(by.values, kind="stable")
        kept, taken = list(TimeSeriesSplit(fold.of).split(order))[fold.number - 1]
        return order[kept], order[taken]
    stratify = stratify and dataset.single_label
    if stratify:
        _check_counts(dataset, fold.of)
    if by is not None:
        kind = StratifiedGroupKFold if stratify else GroupKFold
    else:
        kind = StratifiedKFold if stratify else KFold
    folds = kind(fold.of, shuffle=True, random_state=seed)
    kept, taken = list(folds.split(rows, dataset.y, None if by is None else by.values))[fold.number - 1]
    return kept, taken


def _check_counts(dataset: "Dataset", of: int) -> None:
    classes = dataset.classes or ()
    counts = np.bincount(dataset.y, minlength=len(classes))
    rarest = int(counts.argmin())
    if counts[rarest] < of:
        what = f"class {classes[rarest]!r} has {counted(int(counts[rarest]), 'row')}, too few for {of} folds"
        raise bad_key("data.fold", what, "choose fewer folds, or set data.stratify: false")
