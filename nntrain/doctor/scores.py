"""The score by which experiments are compared: 0 for the best constant prediction, 1 for a perfect one.

It is computed from predictions, so that runs with different losses and scaled targets can be compared.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.recipe.build import Built
from nntrain.training.engine import Engine

MAX_ERROR = 4.0  # an outlier or a diverged output counts no more than 4 times the variance
MAX_IQRS = 10.0  # a regression target farther from the median, in interquartile ranges, is not scored

Errors = NDArray[np.float64]


def errors_of(built: Built, engine: Engine, split: str) -> tuple[Errors, Errors]:
    """Return each sample's error (N), with a mean of 1 - score, and its balanced error.

    Formula:
        classes:  [wrong] / (1 - fraction of the most frequent class)
                  balanced: [wrong] N / (C N_class) / (1 - 1/C)
                  of several labels, the mean over the labels
        numbers:  (o - o*)² / variance of o*, averaged over the targets; outliers of o* count 0
    """
    part: Split = getattr(built.plan.data, split)
    outputs, loss = engine.outputs(engine.splits[split]), built.plan.loss
    if built.plan.n_classes is not None:
        wrong = loss.predict_class(outputs) != part.y
        if part.y.ndim == 1:
            return _class_errors(wrong, part.y, built.plan.data.train.y)
        return label_errors(wrong, part.y, built.plan.data.train.y)
    predicted, y, train = loss.prediction(outputs).astype(np.float64), part.y, built.plan.data.train.y
    with np.errstate(over="ignore", invalid="ignore"):
        errors = _squared_errors(predicted, y, train)
    return errors, errors


def label_errors(wrong: NDArray[Any], y: NDArray[Any], train: NDArray[Any]) -> tuple[Errors, Errors]:
    """Return the errors of several labels (N, L), each that of a class, averaged over the labels (N)."""
    of_labels = [_class_errors(*label) for label in zip(wrong.T, y.T, train.T, strict=True)]
    plain, balanced = np.mean(of_labels, axis=0)
    return plain, balanced


def _class_errors(wrong: NDArray[Any], y: NDArray[Any], train: NDArray[Any]) -> tuple[Errors, Errors]:
    frequent = int(np.bincount(train).argmax())
    others = max(float(np.mean(y != frequent)), 1 / len(y))
    counts = np.bincount(y)
    present = int((counts > 0).sum())
    weights = len(y) / (present * counts[y].astype(np.float64))
    return wrong / others, wrong * weights / (1 - 1 / max(present, 2))


def _squared_errors(predicted: Errors, y: Errors, train: Errors) -> Errors:
    low, middle, high = np.percentile(train, [25, 50, 75], axis=0)
    width = np.where(high > low, high - low, np.inf)
    inlier = np.abs(y - middle) <= MAX_IQRS * width
    kept = np.abs(train - middle) <= MAX_IQRS * width
    variance = np.array([column[mask].var() for column, mask in zip(train.T, kept.T, strict=True)])
    squared = np.square(predicted - y) / np.where(variance > 0, variance, 1.0)
    squared = np.where(np.isfinite(squared), np.minimum(squared, MAX_ERROR), MAX_ERROR)
    mean: Errors = np.where(inlier, squared, 0.0).mean(axis=1)
    return mean
