"""Weights that follow the ones that learn, whatever the optimizer: Lookahead's slow ones, and averages."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import kernel
from nntrain.registry import DIALECT, Component, Count, Dialects, Strict

# The places of the numbers that `follow` reads; a period of 0 is none.
PERIOD, ALPHA, SLOW, EVERY, START, DECAY, DEBIAS, MEAN = range(8)


class Lookahead(Strict):
    """Every few steps the slow weights go a part of the way to the fast ones, which go on from there.

    Formula:
        slow  <- slow + alpha (theta - slow)
        theta <- slow                           after every `period` steps

    The slow weights are what is measured and kept, as in the paper.

    Source: Zhang et al., arXiv 1907.08610.
    """

    period: Annotated[Count, Field(description="steps of the optimizer between two of the slow weights")] = 5
    alpha: Annotated[float, Field(gt=0, le=1, description="part of the way that the slow weights go")] = 0.5


class Averaging(Component, family="averaging"):
    """A mean over the weights of many steps; it is what is measured and kept, while training goes on without it.

    The running averages of batch norm are measured anew for the mean, over the training part: the averages of the
    single weights do not suit it. That takes a forward pass for each epoch that is measured.
    """

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return EVERY, START (steps, counted from 1), DECAY (0: all count the same) and DEBIAS."""
        raise NotImplementedError


class EMA(Averaging):
    """Exponential moving average of the weights after each step.

    Formula:
        mean <- theta                                   at the first step
        mean <- mean + (1 - decay) (theta - mean)       at the others
        mean <- mean + (1 - decay) / (1 - decay^k) (theta - mean)   where debias is set

    Source: Polyak and Juditsky 1992; torch.optim.swa_utils.get_ema_multi_avg_fn, keras' use_ema, optax.ema (debias).
    """

    name: Literal["ema"] = "ema"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    decay: Annotated[float, Field(gt=0, lt=1, description="share of the mean that is kept at a step")] = 0.999
    debias: Annotated[bool, Field(description="whether the first step counts no more than the others")] = False
    dialects: ClassVar[Dialects] = {"keras": {"decay": 0.99}, "optax": {"debias": True}}

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return that every step counts."""
        return {EVERY: 1, START: 1, DECAY: self.decay, DEBIAS: self.debias}


class SWA(Averaging):
    """Stochastic weight averaging: the mean of the weights at the end of each of the last epochs.

    Formula:
        mean <- mean + (theta - mean) / n    at the end of the n-th epoch that counts

    Source: Izmailov et al., arXiv 1803.05407; torch.optim.swa_utils.AveragedModel and update_bn.
    """

    name: Literal["swa"] = "swa"
    start: Annotated[float, Field(ge=0, lt=1, description="share of the run after which the first weights count")] = (
        0.75
    )

    def numbers(self, steps_per_epoch: int, epochs: int) -> Mapping[int, float]:
        """Return that the last step of an epoch counts."""
        first = max(1, ceil(self.start * epochs))
        return {EVERY: steps_per_epoch, START: first * steps_per_epoch}


def packed(
    lookahead: Lookahead | None, averaging: Averaging | None, first_row: int, steps_per_epoch: int, epochs: int
) -> NDArray[np.float64]:
    """Return the numbers that :func:`follow` reads; the weights' rows of the state begin with ``first_row``."""
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
def follow(theta, state, numbers, k):
    """Let slow weights and mean, rows of the state, follow theta after its step k, counted from 1.

    theta's running averages are taken along: they belong to the weights.
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
            share = 1 / n
        elif numbers[DEBIAS] != 0:
            share = (1 - decay) / (1 - decay**n)
        else:
            share = 1.0 if n == 1 else 1 - decay
        mean, step = state[int(numbers[MEAN])], real(share)
        for i in range(theta.size):
            mean[i] += step * (theta[i] - mean[i])
