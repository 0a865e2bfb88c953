"""Small networks on random samples, to check a single component."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.activations.identity import Identity
from nntrain.data.prepare import Prepared, Split
from nntrain.initializers.fixed import Normal
from nntrain.losses import Loss
from nntrain.network.network import Dense, Network
from nntrain.norms import Norm
from nntrain.optimizers.adam import Adam
from nntrain.schedules.decay import Constant
from nntrain.training.plan import Plan
from nntrain.training.settings import Training
from nntrain.utils.random import stream

SMALL_ROWS, FEATURES, TARGETS, CLASSES = 24, 4, 2, 3
HIDDEN = (5, 4)


def small_plan(
    activation: Activation, loss: Loss, norm: Norm | None = None, dropout: float = 0.0, seed: int = 0
) -> Plan:
    """Return a plan with two hidden layers and random samples of the loss's first task."""
    random = stream(seed, "small")
    x = random.standard_normal((SMALL_ROWS, FEATURES))
    n_classes = None if loss.tasks[0] == "regression" else loss.classes or CLASSES
    y: NDArray[Any]
    if n_classes is not None:
        y = random.integers(0, n_classes, SMALL_ROWS)
    elif loss.needs_counts:
        y = random.poisson(2.0, (SMALL_ROWS, TARGETS)).astype(np.float64)
    else:
        y = random.standard_normal((SMALL_ROWS, TARGETS))
    widths = (FEATURES, *HIDDEN, loss.outputs(TARGETS if n_classes is None else 1, n_classes))
    weights = Normal(scale=0.7)
    layers = [Dense(n_in, n_out, activation, weights, weights, dropout, norm) for n_in, n_out in pairwise(widths[:-1])]
    layers.append(Dense(*widths[-2:], Identity(), weights, weights))
    return Plan(
        name="small",
        seed=seed,
        data=Prepared(Split(x, y), None, None, None, None),
        n_classes=n_classes,
        network=Network(layers),
        loss=loss,
        optimizer=Adam(lr=0.01),
        schedule=Constant(),
        training=Training(batch_size="full", dtype="float64"),
    )
