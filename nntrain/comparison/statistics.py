"""What many runs say together. Statistics are SciPy's where it has them.

A value may be infinite: that is a run that diverged, and it takes part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, inf, isfinite, isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nntrain.random import stream

LEVEL = 0.05
RESAMPLES = 2000
ROUNDING = 1e-12  # of the largest value, by which differences are told apart
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Median and quartiles, mean and deviation of some runs' values; None where it is not finite."""

    median: float | None
    q1: float | None
    q3: float | None
    mean: float | None
    std: float | None
    n: int


def spread(values: Sequence[float]) -> Spread:
    """Return what some values have in common; a NaN among them, which is a value that there is not, is left out."""
    found = np.array([value for value in values if not np.isnan(value)])
    if not found.size:
        return Spread(None, None, None, None, None, 0)
    q1, median, q3 = (_quantile(found, q) for q in (0.25, 0.5, 0.75))
    finite = np.isfinite(found).all()
    mean = float(found.mean()) if finite else inf
    deviation = float(found.std(ddof=1)) if finite and found.size > 1 else inf
    middle = (_finite(float(median)), _finite(float(q1)), _finite(float(q3)))
    return Spread(*middle, _finite(mean), _finite(deviation), found.size)


def _quantile(values: Values, q: float) -> float:
    """Return NumPy's quantile; between a number and an infinite one it is infinite, and not NaN."""
    below, above = (float(np.quantile(values, q, method=method)) for method in ("lower", "higher"))
    if below == above or isinf(below):
        return below
    return above if isinf(above) else float(np.quantile(values, q))


def expected_best(values: Sequence[float], lower: bool) -> list[float | None]:
    """Return the best value that is to be expected of k of the trials, for k = 1 ... N.

    Formula:
        E_k = Σ_i v(i) C(N - i, k - 1) / C(N, k)    v sorted, the best one first

    Source: Dodge et al., arXiv 1909.03004, without replacement.
    """
    ordered = sorted(values, reverse=not lower)
    n = len(ordered)
    found: list[float | None] = []
    for k in range(1, n + 1):
        weights = [comb(n - i, k - 1) / comb(n, k) for i in range(1, n + 1)]
        parts = [weight * value for weight, value in zip(weights, ordered, strict=True) if weight > 0]
        found.append(_finite(sum(parts)))
    return found


@dataclass(frozen=True)
class Pair:
    """Two variants on the same seeds.

    Attributes:
        a: the one that is ahead.
        b: the other.
        n: seeds that both have run.
        difference: the median of b - a (of a - b where more is better): what a is ahead by; None if infinite.
        low: the lower end of the 95 % interval of that median, by bootstrap.
        high: the upper end.
        p: Wilcoxon's, signed ranks, two-sided.
        p_holm: that by Holm's correction for all pairs.
        shown: whether a difference is shown.
        verdict: in words.
    """

    a: str
    b: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    p: float
    p_holm: float
    shown: bool
    verdict: str


def pairs(values: dict[str, dict[int, float]], lower: bool, seed: int) -> list[Pair]:
    """Compare all variants, two by two.

    Args:
        values: of each variant, by seed.
        lower: whether less is better.
        seed: of the bootstrap.
    """
    found: list[tuple[tuple[str, str], int, list[float | None], float, float]] = []
    for first, second in combinations(values, 2):
        seeds = sorted(values[first].keys() & values[second].keys())
        sign = 1 if lower else -1
        one, other = (sign * np.array([values[name][s] for s in seeds]) for name in (first, second))
        names = (first, second)
        ahead, largest = _differences(one, other)
        middle = np.median(ahead) if seeds else 0.0
        if middle < 0 or (middle == 0 and seeds and np.median(other) < np.median(one)):
            ahead, names = -ahead, (second, first)
        low, high = _interval(ahead, seed)
        infinite = largest * (1 + ROUNDING)
        told = [value if seeds and abs(value) <= infinite else None for value in (abs(middle), low, high)]
        found.append((names, len(seeds), told, low, _wilcoxon(ahead)))
    corrected = holm([p for *_, p in found])
    return [
        Pair(
            *names,
            n,
            told[0],
            told[1],
            told[2],
            p,
            p_holm,
            shown := n >= fewest_seeds(len(found)) and p_holm < LEVEL and low > 0,
            _verdict(*names, n, len(found), shown),
        )
        for (names, n, told, low, p), p_holm in zip(found, corrected, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for there being several.

    Formula:
        p'(i) = max over j <= i of min(1, (m - j + 1) p(j))    p sorted, the smallest one first

    Source: Holm 1979.
    """
    order = np.argsort(p_values)
    corrected, largest = [1.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected


def _differences(one: Values, other: Values) -> tuple[Values, float]:
    """Return other - one, and the largest of them.

    Where one of the two has diverged it is ten times as large, and 0 where both have. What is less than a rounding
    error apart is made equal: shares of the same rows are, but not always as floats, and ranks have to see that.
    """
    with np.errstate(invalid="ignore"):
        ahead = other - one
    ahead[np.isinf(one) & np.isinf(other)] = 0.0
    largest = _largest(ahead)
    ahead, unit = np.clip(ahead, -10 * largest, 10 * largest), ROUNDING * max(_largest(one), _largest(other))
    return np.round(ahead / unit) * unit, largest


def _largest(values: Values) -> float:
    """Return the largest magnitude of those that are finite, 1 if there are none but 0."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _interval(ahead: Values, seed: int) -> tuple[float, float]:
    if ahead.size < 2 or np.ptp(ahead) == 0:
        return (float(ahead[0]), float(ahead[0])) if ahead.size else (-inf, inf)
    found: Any = stats.bootstrap(
        (ahead,),
        np.median,
        confidence_level=1 - LEVEL,
        method="percentile",
        n_resamples=RESAMPLES,
        rng=stream(seed, "bootstrap"),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _wilcoxon(ahead: Values) -> float:
    if not ahead.any():
        return 1.0
    return float(stats.wilcoxon(ahead, zero_method="zsplit").pvalue)


def fewest_seeds(count: int) -> int:
    """Return how many seeds it takes at least to show a difference among ``count`` pairs.

    Of n seeds Wilcoxon's p is never below 2^(1 - n), and Holm's correction multiplies the smallest p by ``count``.
    """
    return next(n for n in range(2, 64) if count * 2.0 ** (1 - n) < LEVEL)


def _verdict(a: str, b: str, n: int, count: int, shown: bool) -> str:
    if n < fewest_seeds(count):
        return f"too few seeds to tell: {n}, for {count} pairs at least {fewest_seeds(count)} are needed"
    return f"{a} is better than {b}" if shown else "no difference shown"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
