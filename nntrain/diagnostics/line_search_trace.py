"""Iterations of conjugate gradients on one sample, with every trial of their line searches."""

from dataclasses import replace
from itertools import islice

import numpy as np

from nntrain.data.prepare import Split
from nntrain.diagnostics.probe import bare
from nntrain.diagnostics.step_trace import Numbers
from nntrain.optimizers.conjugate_gradients import ConjugateGradients
from nntrain.training.conjugate_directions import Iteration, iterate
from nntrain.training.engine import Engine
from nntrain.training.full_batch import Objective
from nntrain.training.plan import Plan


def line_searches(
    plan: Plan, optimizer: ConjugateGradients, row: int, iterations: int, theta: Numbers | None = None
) -> list[Iteration]:
    """Take iterations on one row of a plan's training split, in float64, with the plan's l2 penalty.

    Args:
        plan: network, loss and data.
        optimizer: the settings.
        row: row to train on, counted from 1.
        iterations: at most so many; fewer if the gradient becomes small.
        theta: initial parameters; None for the plan's own.
    """
    first = Engine(plan).theta if theta is None else theta
    train = plan.data.train
    alone = bare(plan, Split(train.x[row - 1 : row], train.y[row - 1 : row]), "float64")
    engine = Engine(replace(alone, optimizer=optimizer, regularization=plan.regularization))
    engine.theta[:] = first
    start = engine.theta[: engine.grad.size].astype(np.float64)
    return list(islice(iterate(Objective(engine), start, optimizer), iterations))
