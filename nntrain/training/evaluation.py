"""The evaluation of a finished run: all metrics of its weights, beside those of simple baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.metrics import Predicted, Score, UndefinedMetricError, metrics_of, scores, values
from nntrain.metrics.probability import Bin, calibration
from nntrain.training.baseline import most_frequent
from nntrain.training.engine import Engine
from nntrain.training.linear import LinearModel, linear_model
from nntrain.training.plan import Plan
from nntrain.training.scoring import Scorer
from nntrain.training.threshold import Threshold, at, choose_threshold

BySplit = Mapping[str, Mapping[str, Score]]
MAX_CLASSES = 100  # of a confusion matrix in a summary
NOT_PLAIN = "skipped for weighted rows and for several labels"
TOO_LARGE = "skipped, as it would take too long"
NOT_IN_MEMORY = "skipped, as the table is not in memory"


@dataclass(frozen=True)
class Baselines:
    """What simple models reach on the same splits.

    Attributes:
        constant: metrics, by split, of always predicting the most frequent class, or the mean, of the training split.
        linear: metrics of logistic or ridge regression on the network's inputs; empty if it was skipped.
        linear_name: what the linear model is.
        skipped: why there is no linear model; empty if there is one.
    """

    constant: BySplit = field(default_factory=dict)
    linear: BySplit = field(default_factory=dict)
    linear_name: str = ""
    skipped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        constant, linear = ({name: values(of) for name, of in found.items()} for found in (self.constant, self.linear))
        return {"constant": constant, "linear": linear or None, "skipped": self.skipped or None}


@dataclass(frozen=True)
class Evaluated:
    """What a run's weights reach.

    Attributes:
        scores: all metrics by split.
        baselines: those of simple models.
        threshold: the decision threshold of two classes; None for 0.5.
        confusion: the number of rows (C, C) of each true (row) and predicted class by split; empty in regression, and
            for more than 100 classes.
        calibration: how often the most probable class is right, by its probability and split; empty without
            probabilities.
    """

    scores: BySplit = field(default_factory=dict)
    baselines: Baselines = field(default_factory=Baselines)
    threshold: Threshold | None = None
    confusion: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    calibration: Mapping[str, Sequence[Bin]] = field(default_factory=dict)


NOT_EVALUATED = Evaluated()


def evaluate(engine: Engine, skip_linear: str = "") -> Evaluated:
    """Evaluate the current weights of an engine on all splits.

    Args:
        engine: after training.
        skip_linear: why to fit no linear model; empty to fit one, unless it takes too long.
    """
    plan = engine.plan
    scorer = Scorer(plan)
    predicted = {name: scorer.predicted(engine.outputs(rows), rows) for name, rows in engine.splits.items()}
    threshold = _threshold(plan, predicted)
    if threshold is not None:
        predicted = {name: at(rows, threshold.value) for name, rows in predicted.items()}
    parts = {"train": plan.sample, "validation": plan.data.validation, "test": plan.data.test}
    splits = {name: part for name, part in parts.items() if part is not None}
    few = plan.n_classes is not None and plan.n_classes <= MAX_CLASSES and plan.data.train.y.ndim == 1
    return Evaluated(
        scores={name: scores(metrics_of(plan.task), rows) for name, rows in predicted.items()},
        baselines=baselines(plan, splits, skip_linear),
        threshold=threshold,
        confusion={name: rows.confusion for name, rows in predicted.items()} if few else {},
        calibration={name: bins for name, rows in predicted.items() if (bins := _calibration(rows))},
    )


def _threshold(plan: Plan, predicted: Mapping[str, Predicted]) -> Threshold | None:
    wanted = plan.training.threshold
    if isinstance(wanted, str):
        rows = predicted["validation"]
        finite = rows.probabilities is not None and bool(np.isfinite(rows.probabilities).all())
        return choose_threshold(rows, wanted) if finite else None
    return None if wanted is None else Threshold(wanted)


def _calibration(rows: Predicted) -> list[Bin]:
    if rows.several:
        return []
    try:
        return calibration(rows)
    except UndefinedMetricError:
        return []


def baselines(plan: Plan, splits: Mapping[str, Split], skip_linear: str = "", most: float | None = None) -> Baselines:
    """Fit baselines on the training split of a plan and evaluate them.

    Args:
        plan: the plan.
        splits: the rows to evaluate on, scaled as the plan's.
        skip_linear: why to fit no linear model; empty to fit one, unless it takes too long.
        most: the most multiply-adds to spend on it; None: a small fraction of those of the training.
    """
    names = metrics_of(plan.task)
    constant = {name: scores(names, _constant(plan, part)) for name, part in splits.items()}
    if plan.data.train.weights is not None or (plan.n_classes is not None and plan.data.train.y.ndim > 1):
        skip_linear = skip_linear or NOT_PLAIN
    if not plan.data.train.in_memory:
        skip_linear = skip_linear or NOT_IN_MEMORY
    model: LinearModel | None = None if skip_linear else linear_model(plan, most)
    if model is None:
        return Baselines(constant, skipped=skip_linear or TOO_LARGE)
    linear = {name: scores(names, model.predicted(part)) for name, part in splits.items()}
    return Baselines(constant, linear, model.name)


def _constant(plan: Plan, part: Split) -> Predicted:
    """Return the most frequent class of the training split, and its frequencies, or its mean, for all rows."""
    train, rows = plan.sample, len(part.y)
    if plan.n_classes is not None:
        predicted = np.array(np.broadcast_to(most_frequent(train.y, train.weights), part.y.shape))
        if train.y.ndim > 1:
            return Predicted(part.y, predicted, plan.n_classes, None, part.weights)
        frequencies = np.bincount(train.y, train.weights, plan.n_classes)
        probabilities = np.tile(frequencies / frequencies.sum(), (rows, 1))
        return Predicted(part.y, predicted, plan.n_classes, probabilities, part.weights)
    targets, y, known = plan.data.targets, part.y, train.y
    if targets is not None:
        y, known = targets.invert(y), targets.invert(known)
    mean = np.tile(np.average(known, axis=0, weights=train.weights), (rows, 1))
    return Predicted(y, mean, weights=part.weights)
