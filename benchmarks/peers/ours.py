"""nntrain's engine, without what a run shows and measures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import CLIP_NORM, DROPOUT, LR, Case
from benchmarks.peers import Epoch
from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import ReLU
from nntrain.data.prepare import Prepared, Split
from nntrain.initializers.variance import HeUniform
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.network.network import Dense, Network
from nntrain.norms.batch_norm import BatchNorm
from nntrain.optimizers.adam import Adam
from nntrain.optimizers.sgd import SGD
from nntrain.schedules.decay import Constant
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.training.settings import Regularization, Training


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    layers = [
        Dense(
            n_in,
            n_out,
            ReLU() if hidden else Identity(),
            HeUniform(),
            dropout=DROPOUT if case.extra == "dropout" and hidden else 0.0,
            norm=BatchNorm() if case.extra == "batch norm" and hidden else None,
        )
        for n_in, n_out, hidden in case.layers
    ]
    x, y = case.data()
    engine = Engine(
        Plan(
            name="benchmark",
            seed=0,
            data=Prepared(Split(x.astype(np.float64), y), None, None, None, None),
            n_classes=case.widths[-1],
            network=Network(layers),
            loss=CrossEntropy(),
            optimizer=Adam(lr=LR) if case.optimizer == "adam" else SGD(lr=LR),
            schedule=Constant(),
            training=Training(batch_size=case.batch, dtype=case.dtype),
            regularization=Regularization(clip_norm=CLIP_NORM if case.extra == "clipping" else None),
        )
    )
    for part, weights in zip(engine.plan.network.slices(), case.weights(), strict=True):
        engine.theta[part][: weights.size] = weights.ravel()
    rates, done = np.full(case.steps, LR), 0
    work = engine.plan.network.largest_product(case.batch)

    def epoch(order: NDArray[Any]) -> float:
        nonlocal done
        with engine.pool.at_work(work):  # and then home: a thread that waits would disturb other peers
            losses = engine.take_steps(order, done, rates)
        done += case.steps
        return float(losses.mean())

    return epoch
