"""Learning rates that follow a cosine."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.registry import Count, Positive
from nntrain.schedules import End, Length, Numbers, Schedule


class Cosine(Schedule):
    """Cosine decay: half a wave, down to a final rate.

    Formula:
        lr_k = lr [end + (1 - end) ½ (1 + cos(π min(k / tau, 1)))]
        lr_k = lr [end + (1 - end) ½ (1 + cos(π k / tau))]          if periodic

    After tau the rate keeps its final value, as in keras and optax. Set periodic for torch's CosineAnnealingLR, which
    follows the cosine up again and is back at lr after 2 tau.

    Source: Loshchilov and Hutter, arXiv 1608.03983; keras' CosineDecay; torch's CosineAnnealingLR (periodic).
    """

    name: Literal["cosine"] = "cosine"
    tau: Length = None
    end: End = 0.0
    periodic: Annotated[bool, Field(description="whether the rate rises again after tau")] = False

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the cosine."""
        a = k / (self.tau or length)
        return _half_wave(a if self.periodic else np.minimum(a, 1), self.end)


class WarmRestarts(Schedule):
    """Cosine decay with warm restarts: each cycle is longer than the last by the same factor.

    Formula:
        lr_k = lr [end + (1 - end) ½ (1 + cos(π t / T))],  t since the last restart, T = first, first·longer, ...

    Source: Loshchilov and Hutter, arXiv 1608.03983 (SGDR); torch's CosineAnnealingWarmRestarts.
    """

    name: Literal["warm_restarts"] = "warm_restarts"
    first: Annotated[Count, Field(description="steps or epochs of the first cycle")]
    longer: Annotated[Count, Field(description="factor by which each cycle is longer than the last")] = 2
    end: End = 0.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the cycles."""
        if self.longer == 1:
            return _half_wave(k % self.first / self.first, self.end)
        start, cycle = np.zeros(k.size), np.full(k.size, float(self.first))
        while (over := k >= start + cycle).any():
            start[over] += cycle[over]
            cycle[over] *= self.longer
        return _half_wave((k - start) / cycle, self.end)


class OneCycle(Schedule):
    """One cycle: the rate rises to lr and then falls far below its initial value, both along a cosine.

    Formula:
        lr_0 = lr / div -> lr at share·length - 1 -> lr / (div final_div) at length - 1

    Source: Smith and Topin, arXiv 1708.07120; torch's OneCycleLR, which counts steps and also cycles the momentum.
    """

    name: Literal["one_cycle"] = "one_cycle"
    share: Annotated[float, Field(gt=0, lt=1, description="fraction of the run in which the rate rises")] = 0.3
    div: Annotated[Positive, Field(description="lr / initial rate")] = 25.0
    final_div: Annotated[Positive, Field(description="initial rate / final rate")] = 1e4

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the cycle."""
        first = 1 / self.div
        last = first / self.final_div
        top = self.share * length - 1
        up, down = k / max(top, 1e-12), (k - top) / max(length - 1 - top, 1e-12)
        rising = first + (1 - first) * (1 - _half_wave(np.minimum(up, 1), 0.0))
        return np.where(k <= top, rising, _half_wave(np.minimum(down, 1), last))


def _half_wave(a: Numbers, end: float) -> Numbers:
    return np.asarray(end + (1 - end) * (1 + np.cos(np.pi * a)) / 2)
