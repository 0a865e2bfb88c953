"""Intervals of metrics by the bootstrap: how much they would vary with other samples of the same size."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.metrics import Metric, Predicted, metrics

LEVEL = 0.95
MAX_LEFT_OUT = 1000  # parts that are left out in turn
Kind = Literal["percentile", "bca"]
Numbers = NDArray[np.float64]


class Interval(NamedTuple):
    """An interval of a metric."""

    low: float
    high: float
    resamples: int  # in which the metric is defined


def intervals(
    rows: Predicted, names: Iterable[str], resamples: int, seed: int, kind: Kind = "percentile"
) -> dict[str, Interval | None]:
    """Return the 95 % interval of each metric; None where it is undefined in more than half the resamples.

    Formula:
        percentile: low, high = the 2.5 % and 97.5 % quantiles over samples of N rows, drawn with replacement
        bca:        low, high = the quantiles at Φ(z0 + (z0 ± 1.96) / (1 - a (z0 ± 1.96)))
                    z0 = Φ⁻¹(fraction of resamples with a smaller metric than that of all rows; equal ones count half)
                    a  = Σ d³ / (6 (Σ d²)^1.5), d = mean - metric without row i

    All metrics are measured on the same resamples. Those in which a metric is undefined, for example because a class
    does not occur, are left out for it. Of more than 1000 rows, ``bca`` leaves out 1000 parts in turn, not single rows.
    Where z0 is infinite, ``bca`` is the percentile interval.

    Source: Efron and Tibshirani 1993, chapters 13 and 14; scipy.stats.bootstrap with method="percentile" or "BCa".
    """
    random, chosen = np.random.default_rng(seed), {name: metrics()[name] for name in names}
    count = len(rows.y)
    found = _values(chosen, rows, (random.integers(0, count, count) for _ in range(resamples)))
    without = _values(chosen, rows, _left_out(count)) if kind == "bca" else {}
    return {
        name: _interval(values, resamples, _levels(chosen[name], rows, values, without.get(name)))
        for name, values in found.items()
    }


def _values(chosen: Mapping[str, Metric], rows: Predicted, samples: Iterable[NDArray[np.int64]]) -> dict[str, Numbers]:
    """Return the values of metrics on samples of the rows, without those in which they are undefined."""
    found: dict[str, list[float]] = {name: [] for name in chosen}
    for sample in samples:
        taken = rows.take(sample)
        for name, metric in chosen.items():
            value = metric.score(taken).value
            if value is not None:
                found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def _left_out(count: int) -> Iterable[NDArray[np.int64]]:
    """Yield all rows but one, or but one of 1000 parts."""
    part = np.arange(count) * min(count, MAX_LEFT_OUT) // count
    for number in range(int(part[-1]) + 1 if count > 1 else 0):
        yield np.flatnonzero(part != number)


def _levels(metric: Metric, rows: Predicted, values: Numbers, without: Numbers | None) -> Numbers:
    """Return the levels of the quantiles that end the interval; those of percentiles where the BCa is undefined."""
    ends = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = metric.score(rows).value
    if without is None or value is None or not values.size:
        return ends
    from scipy.special import ndtr, ndtri

    bias = ndtri(((values < value).mean() + (values <= value).mean()) / 2)
    d = without.mean() - without if without.size else np.zeros(1)
    square = float(np.square(d).sum())
    skew = float((d**3).sum()) / (6 * square**1.5) if square > 0 else 0.0
    shifted = bias + ndtri(ends)
    found = np.asarray(ndtr(bias + shifted / (1 - skew * shifted)))
    return found if np.isfinite(found).all() else ends


def _interval(values: Numbers, resamples: int, levels: Numbers) -> Interval | None:
    if 2 * len(values) <= resamples:
        return None
    low, high = np.percentile(values, 100 * levels)
    return Interval(float(low), float(high), len(values))
