"""The noise of the mini-batch gradient against the batch size.

Formula:
    E |g_B - g|² = S / B (1 - B / N) N / (N - 1),  S = 1/N Σ |g_i - g|²,  with B of N samples drawn without replacement

The noise falls with the root of the batch size: a batch that is four times as large halves it. A step's noise is the
learning rate times this, and that of the B-fold number of steps in an epoch adds up, so that runs with equal ratios of
learning rate and batch size are equally noisy.

Source: Lan; Goodfellow et al., Deep Learning, 8.1.3; Smith and Le, arXiv 1710.06451.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.probe import bare
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.utils.random import stream

MAX_ROWS = 2048  # of the training split
BATCHES = 64  # for each batch size

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class GradientNoise:
    """What was measured.

    Attributes:
        sizes: batch sizes (K).
        measured: root of the mean of |g_B - g|² (K).
        expected: the same by the formula, from the gradients of single samples (K).
        norm: of the full gradient.
    """

    sizes: NDArray[np.int64]
    measured: Numbers
    expected: Numbers
    norm: float


def gradient_noise(plan: Plan, theta: NDArray[np.floating] | None = None) -> GradientNoise:
    """Measure the noise of a plan's mini-batch gradient, in float64 and without penalties.

    Args:
        plan: network, loss and data, whose first training samples are used. Its loss is a mean over samples.
        theta: the parameters; None: the initial ones.
    """
    at = Engine(plan).theta if theta is None else theta
    part = plan.data.train.take(slice(MAX_ROWS))
    engine = Engine(bare(plan, part, "float64"))
    engine.theta[:] = at
    rows = len(part.x)
    full = engine.loss_and_gradient()[1].copy()
    single = sum(float(((engine.loss_and_gradient(np.array([i]))[1] - full) ** 2).sum()) for i in range(rows)) / rows
    sizes = np.unique([*(2**k for k in range(int(np.log2(rows)) + 1)), rows])
    random, measured = stream(plan.seed, "gradient noise"), []
    for size in sizes.tolist():
        draws = (engine.loss_and_gradient(random.permutation(rows)[:size])[1] - full for _ in range(BATCHES))
        measured.append(np.sqrt(np.mean([float((draw**2).sum()) for draw in draws])))
    expected = np.sqrt(single / sizes * (1 - sizes / rows) * rows / max(rows - 1, 1))
    return GradientNoise(sizes, np.array(measured), expected, float(np.linalg.norm(full)))
