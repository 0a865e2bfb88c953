"""Rates that follow a cosine."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.registry import Count, Positive
from nntrain.schedules import End, Length, Numbers, Schedule


class Cosine(Schedule):
    """Half a cosine wave, down to a last rate.

    Formula:
        lr_k = lr [end + (1 - end) ½ (1 + cos(π min(k / tau, 1)))]
        lr_k = lr [end + (1 - end) ½ (1 + cos(π k / tau))]          where periodic

    After tau the rate stays at its end, as in keras and optax. torch's CosineAnnealingLR follows the cosine up again
    and is back at lr after 2 tau: set periodic for that. Up to tau both are the same.

    Source: Loshchilov and Hutter, arXiv 1608.03983; keras' CosineDecay; torch's CosineAnnealingLR (periodic).
    """

    name: Literal["cosine"] = "cosine"
    tau: Length = None
    end: End = 0.0
    periodic: Annotated[bool, Field(description="whether the rate rises again after tau")] = False

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return half a wave, or all of it."""
        a = k / (self.tau or length)
        return _half_wave(a if self.periodic else np.minimum(a, 1), self.end)


class WarmRestarts(Schedule):
    """Cosine waves one after the other, each longer than the one before by the same factor.

    Formula:
        lr_k = lr [end + (1 - end) ½ (1 + cos(π t / T))],  t since the last restart, T = first, first·longer, ...

    Source: Loshchilov and Hutter, arXiv 1608.03983 (SGDR); torch's CosineAnnealingWarmRestarts.
    """

    name: Literal["warm_restarts"] = "warm_restarts"
    first: Annotated[Count, Field(description="steps or epochs of the first wave")]
    longer: Annotated[Count, Field(description="by how much each wave is longer than the one before")] = 2
    end: End = 0.0

    def factor(self, k: Numbers, length: int) -> Numbers:
        """Return the waves."""
        if self.longer == 1:
            return _half_wave(k % self.first / self.first, self.end)
        start, wave = np.zeros(k.size), np.full(k.size, float(self.first))
        while (over := k >= start + wave).any():
            start[over] += wave[over]
            wave[over] *= self.longer
        return _half_wave((k - start) / wave, self.end)


class OneCycle(Schedule):
    """Up from a small rate to lr, and down to a much smaller one, both along a cosine, within the run.

    Formula:
        lr_0 = lr / div -> lr at share·length - 1 -> lr / (div final_div) at length - 1

    Source: Smith and Topin, arXiv 1708.07120; torch's OneCycleLR, without its cycle of the momentum. It counts steps.
    """

    name: Literal["one_cycle"] = "one_cycle"
    share: Annotated[float, Field(gt=0, lt=1, description="share of the run in which the rate rises")] = 0.3
    div: Annotated[Positive, Field(description="lr / first rate")] = 25.0
    final_div: Annotated[Positive, Field(description="first rate / last rate")] = 1e4

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
