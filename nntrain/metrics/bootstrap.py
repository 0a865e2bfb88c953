"""Intervals of metrics by the bootstrap: how much they would vary with other samples of the same size."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nntrain.metrics import Predicted, metrics

LEVEL = 0.95


class Interval(NamedTuple):
    """An interval of a metric."""

    low: float
    high: float
    resamples: int  # in which the metric is defined


def intervals(rows: Predicted, names: Iterable[str], resamples: int, seed: int) -> dict[str, Interval | None]:
    """Return the 95 % percentile interval of each metric; None where it is undefined in more than half the resamples.

    Formula:
        low, high = the 2.5 % and 97.5 % quantiles of the metric over samples of N rows drawn with replacement

    All metrics are measured on the same resamples. Those in which a metric is undefined, for example because a class
    does not occur, are left out for it.

    Source: Efron and Tibshirani 1993, chapter 13; scipy.stats.bootstrap with method="percentile".
    """
    random, chosen = np.random.default_rng(seed), {name: metrics()[name] for name in names}
    found: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(resamples):
        sample = rows.take(random.integers(0, len(rows.y), len(rows.y)))
        for name, metric in chosen.items():
            value = metric.score(sample).value
            if value is not None:
                found[name].append(value)
    return {name: _interval(values, resamples) for name, values in found.items()}


def _interval(values: list[float], resamples: int) -> Interval | None:
    if 2 * len(values) <= resamples:
        return None
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(low), float(high), len(values))
