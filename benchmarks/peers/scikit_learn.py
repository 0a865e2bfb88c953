"""scikit-learn's MLPClassifier, an epoch for each call of partial_fit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from benchmarks.cases import LR, Case
from benchmarks.peers import CannotError, Epoch

# It stands beside sqrt(v) and not sqrt(v_hat) here, which makes it up to 32 times larger: so it is made smaller.
EPSILON = 5e-10


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    if case.extra:
        raise CannotError(case.extra)
    x, y = case.data()
    keys: dict[str, Any] = {"momentum": 0.0} if case.optimizer == "sgd" else {}
    model = MLPClassifier(
        case.widths[1:-1],
        solver=case.optimizer,
        learning_rate_init=LR,
        batch_size=case.batch,
        alpha=0.0,
        shuffle=False,
        epsilon=EPSILON,
        **keys,
    )
    model.partial_fit(x, y, classes=np.arange(case.widths[-1]))
    for layer, weights in enumerate(case.weights()):
        model.coefs_[layer][:] = weights[:, : model.n_outputs_] if layer == model.n_layers_ - 2 else weights
        model.intercepts_[layer][:] = 0
    del model._optimizer  # it begins anew at the case's weights

    def epoch(order: NDArray[Any]) -> float:
        model.partial_fit(x[order], y[order])
        return float(model.loss_)

    return epoch
