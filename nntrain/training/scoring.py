"""What outputs mean: predictions in the targets' own units, probabilities and scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.data.prepare import Split
from nntrain.data.preprocessing import Standardizer
from nntrain.losses import Loss
from nntrain.metrics import Predicted, metrics
from nntrain.metrics.accuracy import accuracy
from nntrain.metrics.r2 import r2
from nntrain.network.network import Network
from nntrain.training.baseline import Rows, in_own_units
from nntrain.training.events import Scores
from nntrain.training.plan import Plan


def class_probabilities(network: Network, loss: Loss, outputs: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the probabilities (N, C) of the classes for ``outputs`` (N, O), or None if there are none."""
    if network.layers[-1].activation.distribution:
        return outputs.astype(np.float64)
    return loss.probabilities(outputs)


def gives_probabilities(output: Activation, loss: Loss) -> bool:
    """Return whether outputs of this activation are, or the loss makes them, probabilities of classes."""
    return output.distribution or type(loss).probabilities is not Loss.probabilities


def predicted(
    network: Network,
    loss: Loss,
    targets: Standardizer | None,
    n_classes: int | None,
    outputs: NDArray[Any],
    rows: Split,
) -> Predicted:
    """Return the predictions of a network.

    Args:
        network: the network.
        loss: its loss, which says what outputs mean.
        targets: how targets are standardized, if they are.
        n_classes: number of classes; None: regression.
        outputs: of the network (N, O).
        rows: whose targets are not standardized.
    """
    if n_classes is not None:
        probabilities = class_probabilities(network, loss, outputs)
        return Predicted(rows.y, loss.predict_class(outputs), n_classes, probabilities, rows.weights)
    numbers = loss.prediction(outputs).astype(np.float64)
    return Predicted(rows.y, numbers if targets is None else targets.prediction(numbers), weights=rows.weights)


def perfect(plan: Plan, part: Split) -> Predicted:
    """Return right predictions for the rows of a plan's split, in the targets' own units."""
    if plan.n_classes is not None:
        return Predicted(part.y, part.y, plan.n_classes, np.eye(plan.n_classes)[part.y], part.weights)
    y = part.y if plan.data.targets is None else plan.data.targets.invert(part.y)
    return Predicted(y, y, weights=part.weights)


class Scorer:
    """Computes the scores of outputs for the rows of a plan.

    Args:
        plan: whose recipe says which metrics are measured.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._further = {name: metrics()[name] for name in plan.training.further_metrics(plan.task)}

    def scores(self, outputs: NDArray[Any], losses: list[float], rows: Rows) -> list[Scores]:
        """Return the scores of E networks from their ``outputs`` (E, N, O) and ``losses`` (E)."""
        loss = self.plan.loss
        if self.plan.n_classes is None:
            values = [self._r2(loss.prediction(output), rows) for output in outputs]
        else:  # all at once
            decided = loss.predict_class(outputs.reshape(-1, outputs.shape[2])).reshape(len(outputs), *rows.y.shape)
            values = list(accuracy(rows.y, decided, rows.weights))
        if not self._further:
            return [Scores.of(value, metric) for value, metric in zip(losses, values, strict=True)]
        return [
            Scores.of(value, metric, self._measured(output, rows))
            for value, metric, output in zip(losses, values, outputs, strict=True)
        ]

    def _r2(self, numbers: NDArray[Any], rows: Rows) -> float | None:
        return r2(*in_own_units(self.plan.data.targets, rows.y, numbers), rows.weights)

    def predicted(self, output: NDArray[Any], rows: Rows) -> Predicted:
        """Return the predictions for ``rows`` from the outputs (N, O)."""
        plan, targets = self.plan, self.plan.data.targets
        y = rows.y if targets is None else targets.invert(rows.y)
        return predicted(plan.network, plan.loss, targets, plan.n_classes, output, Split(rows.x, y, rows.weights))

    def _measured(self, output: NDArray[Any], rows: Rows) -> dict[str, float | None]:
        found = self.predicted(output, rows)
        return {name: metric.score(found).value for name, metric in self._further.items()}
