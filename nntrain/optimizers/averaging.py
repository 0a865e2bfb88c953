"""Weights derived from those of any optimizer: Lookahead's slow weights, and averages over many steps."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.registry import DIALECT, Component, Count, Dialects, Strict

# Indices of the numbers that `follow` reads; PERIOD is 0 without Lookahead, and EVERY without averaging.
PERIOD, ALPHA, SLOW, EVERY, START, DECAY, DEBIAS, MEAN = range(8)


class Lookahead(Strict):
    """Every few steps, slow weights move a fraction of the way to the fast ones, which continue from there.

    Formula:
        slow  <- slow + alpha (theta - slow)
        theta <- slow                           after every `period` steps

    The slow weights are evaluated and saved, as in the paper.

    Source: Zhang et al., arXiv 1907.08610.
    """

    period: Annotated[Count, Field(description="steps of the optimizer between updates of the slow weights")] = 5
    alpha: Annotated[float, Field(gt=0, le=1, description="fraction of the way that the slow weights move")] = 0.5


class Averaging(Component, family="averaging"):
    """An average over the weights of many steps. It is evaluated and saved, and has no influence on training.

    The running averages of batch norm are computed again for the averaged weights, on the training split: those of the
    trained weights do not fit. That takes a forward pass for each epoch that is evaluated.
    """

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return EVERY, START (in steps, counted from 1), DECAY (0: a plain mean) and DEBIAS, by index."""
        raise NotImplementedError


class EMA(Averaging):
    """Exponential moving average of the weights after each step.

    Formula:
        mean <- theta                                   at the first step
        mean <- mean + (1 - decay) (theta - mean)       later
        mean <- mean + (1 - decay) / (1 - decay^k) (theta - mean)   with debias

    Source: Polyak and Juditsky 1992; torch.optim.swa_utils.get_ema_multi_avg_fn, keras' use_ema, optax.ema (debias).
    """

    name: Literal["ema"] = "ema"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    decay: Annotated[float, Field(gt=0, lt=1, description="decay factor of the average")] = 0.999
    debias: Annotated[bool, Field(description="whether the first step weighs no more than later ones")] = False
    dialects: ClassVar[Dialects] = {"keras": {"decay": 0.99}, "optax": {"debias": True}}

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return the settings of an average over every step."""
        return {EVERY: 1, START: 1, DECAY: self.decay, DEBIAS: self.debias}


class SWA(Averaging):
    """Stochastic weight averaging: the mean of the weights at the end of each of the last epochs.

    Formula:
        mean <- mean + (theta - mean) / n    at the end of the n-th epoch that is averaged

    Source: Izmailov et al., arXiv 1803.05407; torch.optim.swa_utils.AveragedModel and update_bn.
    """

    name: Literal["swa"] = "swa"
    start: Annotated[float, Field(ge=0, lt=1, description="fraction of the run before averaging starts")] = 0.75

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return the settings of an average over the last step of each epoch."""
        first = max(1, ceil(self.start * epochs))
        return {EVERY: steps_per_epoch, START: first * steps_per_epoch}


def packed(
    lookahead: Lookahead | None, averaging: Averaging | None, first_row: int, steps_per_epoch: int, epochs: int
) -> NDArray[np.float64]:
    """Return the settings for :func:`follow`. Slow and averaged weights are state rows from ``first_row`` on."""
    numbers, row = np.zeros(8), first_row
    if lookahead is not None:
        numbers[PERIOD], numbers[ALPHA], numbers[SLOW] = lookahead.period, lookahead.alpha, row
        row += 1
    if averaging is not None:
        for place, number in averaging.numbers(steps_per_epoch, epochs).items():
            numbers[place] = number
        numbers[MEAN] = row
    return numbers


@kernel
def update_weight_averages(theta, state, numbers, k):
    """Update the slow and the averaged weights, which are rows of the state, after step k, counted from 1.

    The running averages of norms, which lie in theta too, are treated like weights.
    """
    real = theta.dtype.type
    if numbers[PERIOD] > 0 and k % numbers[PERIOD] == 0:
        slow, alpha = state[int(numbers[SLOW])], real(numbers[ALPHA])
        for i in range(theta.size):
            slow[i] += alpha * (theta[i] - slow[i])
            theta[i] = slow[i]
    since = k - numbers[START]
    if numbers[EVERY] > 0 and since >= 0 and since % numbers[EVERY] == 0:
        n, decay = since // numbers[EVERY] + 1, numbers[DECAY]
        if decay == 0:
            fraction = 1 / n
        elif numbers[DEBIAS] != 0:
            fraction = (1 - decay) / (1 - decay**n)
        else:
            fraction = 1.0 if n == 1 else 1 - decay
        mean, step = state[int(numbers[MEAN])], real(fraction)
        for i in range(theta.size):
            mean[i] += step * (theta[i] - mean[i])
