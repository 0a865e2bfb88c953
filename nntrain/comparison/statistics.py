"""Statistics of many runs, by SciPy where possible.

A diverged run counts with an infinite value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, inf, isfinite, isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nntrain.utils.random import stream

SIGNIFICANCE = 0.05
RESAMPLES = 2000
ROUNDING = 1e-12  # differences below this fraction of the largest value are ties
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Median, quartiles, mean and standard deviation of some values; None if not finite."""

    median: float | None
    q1: float | None
    q3: float | None
    mean: float | None
    std: float | None
    n: int


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of some values, ignoring NaN."""
    found = np.array([value for value in values if not np.isnan(value)])
    if not found.size:
        return Spread(None, None, None, None, None, 0)
    q1, median, q3 = (_finite(_quantile(found, q)) for q in (0.25, 0.5, 0.75))
    if not np.isfinite(found).all():
        return Spread(median, q1, q3, None, None, found.size)
    exponent = int(np.frexp(np.abs(found).max())[1])  # scale by a power of two, exactly, so that squares stay in range
    scaled = np.ldexp(found, -exponent)
    mean, std = scaled.mean(), scaled.std(ddof=1) if found.size > 1 else inf
    mean, std = (_finite(float(np.ldexp(value, exponent))) for value in (mean, std))
    return Spread(median, q1, q3, mean, std, found.size)


def _quantile(values: Values, q: float) -> float:
    """Return NumPy's quantile, but infinity between a number and infinity, where NumPy returns NaN."""
    below, above = (float(np.quantile(values, q, method=method)) for method in ("lower", "higher"))
    if below == above:
        return below
    if isinf(below) and isinf(above):
        return below if q < 0.5 else above
    return below if isinf(below) else above if isinf(above) else float(np.quantile(values, q))


def expected_best(values: Sequence[float], lower: bool) -> list[float | None]:
    """Return the expected best value of k trials, for k = 1 ... N.

    Formula:
        E_k = Σ_i v(i) C(N - i, k - 1) / C(N, k)    v sorted, best first

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
        a: the variant that ranks higher.
        b: the other variant.
        n: number of common seeds.
        infinite: number of runs of a and of b without a finite value (diverged).
        difference: median of b - a (of a - b if higher is better): positive if a is better, infinite if b diverged in
            most runs (null in JSON).
        low: lower end of the 95 % bootstrap interval of that median; may be infinite.
        high: upper end.
        p: of the two-sided Wilcoxon signed-rank test.
        p_holm: p with Holm's correction for all pairs.
        shown: whether the difference is significant.
        verdict: a sentence.
    """

    a: str
    b: str
    n: int
    infinite: tuple[int, int]
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    shown: bool
    verdict: str

    @property
    def better(self) -> str | None:
        """The variant that is significantly better, if any."""
        return (self.a if self.low > 0 else self.b) if self.shown else None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to compare: no common seed, or no finite value."""
        return self.infinite == (self.n, self.n)


def pairs(values: Mapping[str, Mapping[int, float]], lower: bool, seed: int) -> list[Pair]:
    """Compare all pairs of variants.

    Args:
        values: variant -> seed -> value, in the order of the ranking; infinite for a diverged run.
        lower: whether lower is better.
        seed: of the bootstrap.
    """
    found = []
    for a, b in combinations(values, 2):
        seeds = sorted(values[a].keys() & values[b].keys())
        one, other = (np.array([values[name][s] for s in seeds], np.float64) for name in (a, b))
        differences = _differences(one, other) if lower else _differences(-one, -other)
        infinite = (int(np.isinf(one).sum()), int(np.isinf(other).sum()))
        found.append((a, b, len(seeds), infinite, differences, _wilcoxon(differences)))
    corrected = holm([p for *_, p in found])
    compared = []
    for (a, b, n, infinite, differences, p), p_holm in zip(found, corrected, strict=True):
        low, high = _interval(differences, seed)
        shown = n >= min_seeds(len(found)) and p_holm < SIGNIFICANCE and (low > 0 or high < 0)
        middle = float(_medians(differences)) if n else 0.0
        verdict = _verdict(n, infinite, len(found)) or "no significant difference"
        if shown:
            verdict = f"{a} is better than {b}" if low > 0 else f"{b} is better than {a}"
        compared.append(Pair(a, b, n, infinite, middle, low, high, p, p_holm, shown, verdict))
    return compared


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for multiple comparisons.

    Formula:
        p'(i) = max over j <= i of min(1, (m - j + 1) p(j))    p sorted, smallest first

    Source: Holm 1979.
    """
    order = np.argsort(p_values)
    corrected, largest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def _differences(one: Values, other: Values) -> Values:
    """Return other - one: infinite if one diverged, 0 if both did.

    Differences below rounding error become 0, so that equal accuracies tie.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        differences = other - one
    differences[np.isinf(one) & np.isinf(other)] = 0.0
    unit = ROUNDING * max(_largest(one), _largest(other))
    finite = np.isfinite(differences)
    if unit:  # 0 for subnormal values
        differences[finite] = np.round(differences[finite] / unit) * unit
    return differences


def _largest(values: Values) -> float:
    """Return the largest finite magnitude, or 1 if all are 0."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _medians(differences: Values, axis: int = -1) -> Values:
    """Return medians along the last axis, taking 0 as the middle of -∞ and ∞."""
    ordered, n = np.sort(differences, axis=axis), differences.shape[axis]
    with np.errstate(invalid="ignore"):
        middle = ordered[..., (n - 1) // 2] / 2 + ordered[..., n // 2] / 2
    return np.where(np.isnan(middle), 0.0, middle)


def _interval(differences: Values, seed: int) -> tuple[float, float]:
    if not differences.size:
        return -inf, inf
    if (differences == differences[0]).all():
        return float(differences[0]), float(differences[0])
    with np.errstate(invalid="ignore", over="ignore"):  # in SciPy's interval, which is not used
        found: Any = stats.bootstrap(
            (differences,), _medians, method="percentile", n_resamples=RESAMPLES, rng=stream(seed, "bootstrap")
        )
    return _quantile(found.bootstrap_distribution, SIGNIFICANCE / 2), _quantile(
        found.bootstrap_distribution, 1 - SIGNIFICANCE / 2
    )


def _wilcoxon(differences: Values) -> float:
    """Return the p value; infinite differences rank highest."""
    if not differences.any():
        return 1.0
    ranked = np.clip(differences / _largest(differences), -10, 10)
    return float(stats.wilcoxon(ranked, zero_method="zsplit").pvalue)


def min_seeds(count: int) -> int:
    """Return the minimum number of seeds for a significant difference among ``count`` pairs.

    With n seeds Wilcoxon's p is at least 2^(1 - n), and Holm's correction multiplies the smallest p by ``count``.
    """
    return next(n for n in range(2, 64) if count * 2.0 ** (1 - n) < SIGNIFICANCE)


def _verdict(n: int, infinite: tuple[int, int], count: int) -> str:
    """Return why a pair cannot be tested on ``n`` seeds among ``count`` pairs; empty if it can."""
    if not n:
        return "no seed in common"
    if infinite == (n, n):
        return "neither has a finite value"
    fewest = min_seeds(count)
    if n < fewest:
        need = "1 pair needs" if count == 1 else f"{count} pairs need"
        return f"too few seeds: {n}; {need} at least {fewest}"
    return ""


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
