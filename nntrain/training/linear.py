"""A linear model of the training data, which says whether a network has earned its layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.metrics import Predicted
from nntrain.training.plan import Plan

ITERATIONS, TOLERANCE = 100, 1e-4  # of logistic regression; the tolerance is for the gradient of a sample
FREE = 2e8  # multiply-adds that a linear model may take in any case: about 0.1 seconds
FRACTION = 0.03  # of the multiply-adds of the training, which it may take as well

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class LinearModel:
    """Logistic or ridge regression on the network's inputs.

    Attributes:
        weights: of the inputs, and last of the constant 1: (I + 1, C) or (I + 1, T).
        plan: whose targets it predicts.
    """

    weights: Numbers
    plan: Plan

    @property
    def name(self) -> str:
        """What it is."""
        return "ridge regression" if self.plan.n_classes is None else "logistic regression"

    def predicted(self, part: Split) -> Predicted:
        """Return its predictions for a split of the plan, in the targets' own units."""
        outputs, targets = with_constant(part.x) @ self.weights, self.plan.data.targets
        if self.plan.n_classes is not None:
            return Predicted(part.y, outputs.argmax(axis=1), self.plan.n_classes, softmax(outputs))
        if targets is None:
            return Predicted(part.y, outputs)
        return Predicted(targets.invert(part.y), targets.prediction(outputs))


def linear_model(plan: Plan, most: float | None = None) -> LinearModel | None:
    """Fit a linear model on the training split; None if it takes too long.

    Args:
        plan: the training split, scaled as for the network.
        most: the most multiply-adds to spend; None: a small fraction of those of the training.
    """
    train, epochs = plan.data.train, plan.training.epochs
    rows, columns = len(train.x), train.x.shape[1] + 1
    outputs = plan.n_classes or train.y.shape[1]
    cost = rows * columns * columns + (2 * ITERATIONS * rows * columns * outputs if plan.n_classes else 0)
    allowed = FREE + FRACTION * 3 * epochs * rows * plan.network.multiply_adds if most is None else most
    if cost > allowed:
        return None
    with np.errstate(all="ignore"):
        x = with_constant(train.x)
        weights = ridge(x, train.y) if plan.n_classes is None else logistic(x, train.y, plan.n_classes)
    return LinearModel(weights, plan) if np.isfinite(weights).all() else None


def with_constant(x: Numbers) -> Numbers:
    """Return ``x`` (N, I) with a column of ones at the end."""
    return np.hstack([x, np.ones((len(x), 1))])


def ridge(x: Numbers, y: Numbers, alpha: float = 1.0) -> Numbers:
    """Return the weights (I, T) of ridge regression; the last column of ``x`` (N, I) is constant and not penalized.

    Formula:
        W = argmin Σ (x W - y)² + alpha Σ w²

    Source: sklearn.linear_model.Ridge.
    """
    return np.asarray(np.linalg.solve(x.T @ x + alpha * _penalized(x), x.T @ y), np.float64)


def logistic(x: Numbers, y: NDArray[np.int64], n_classes: int, alpha: float = 1.0) -> Numbers:
    """Return the weights (I, C) of logistic regression; the last column of ``x`` (N, I) is constant and not penalized.

    Formula:
        W = argmin -Σ log softmax(x W)_y + alpha/2 Σ w²

    Newton's method with a fixed bound of the Hessian, ½ xᵀx, which is factorized once, and Nesterov's momentum, which
    restarts when the gradient turns. For two classes the penalty is doubled, so that the difference of the two columns
    is that of the usual model with one.

    Source: sklearn.linear_model.LogisticRegression; Böhning 1992 (the bound); O'Donoghue and Candès, arXiv 1204.3982.
    """
    alpha = 2 * alpha if n_classes == 2 else alpha
    penalty, truth = alpha * np.diag(_penalized(x))[:, None], np.eye(n_classes)[y]
    inverse = np.linalg.inv(x.T @ x / 2 + np.diag(penalty[:, 0]))
    weights = ahead = np.zeros((x.shape[1], n_classes))
    k = 0
    for _ in range(ITERATIONS):
        gradient = x.T @ (softmax(x @ ahead) - truth) + penalty * ahead
        if np.abs(gradient).max() <= TOLERANCE * len(x):
            return ahead
        new = ahead - inverse @ gradient
        k = 0 if (gradient * (new - weights)).sum() > 0 else k + 1
        ahead = new + k / (k + 3) * (new - weights)
        weights = new
    return weights


def softmax(z: Numbers) -> Numbers:
    """Return the softmax of each row of ``z`` (N, C)."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _penalized(x: Numbers) -> Numbers:
    """Return the diagonal matrix (I, I) with 1 for each penalized weight."""
    return np.diag([*np.ones(x.shape[1] - 1), 0.0])
