"""The same variants on several problems: mean ranks, a test of their differences, and a performance profile.

Source: Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7 (2006).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import factorial, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nntrain.comparison.profile import Profile, profile_of
from nntrain.comparison.protocol import Runs
from nntrain.comparison.result import Result
from nntrain.comparison.statistics import SIGNIFICANCE
from nntrain.utils.random import stream

PERMUTATIONS = 9_999  # of the ranks, where all of them would be more
Ranks = NDArray[np.float64]  # (problems, variants)


@dataclass(frozen=True)
class Standing:
    """A variant across the problems.

    Attributes:
        name: of the variant.
        mean_rank: mean of its ranks; 1 if it is the best on every problem.
        first: number of problems on which no other variant has a better median.
        ranks: its rank on each problem; variants with equal medians share the mean of their ranks.
    """

    name: str
    mean_rank: float
    first: int
    ranks: Mapping[str, float]


@dataclass(frozen=True)
class Across:
    """A comparison of variants on several problems.

    Attributes:
        problems: the comparison on each problem.
        ranking: the variants, lowest mean rank first.
        p: of Friedman's test, by permutation of the ranks within each problem.
        critical_difference: Nemenyi's; mean ranks that differ by more are significantly different, if p is.
        profile: steps to a target on each problem.
    """

    problems: Mapping[str, Result]
    ranking: tuple[Standing, ...]
    p: float
    critical_difference: float
    profile: Profile

    @property
    def diverged(self) -> bool:
        """Whether every run on every problem diverged."""
        return all(result.diverged for result in self.problems.values())

    @property
    def different(self) -> list[tuple[str, str]]:
        """The pairs of variants that differ significantly, the better one first."""
        if self.p >= SIGNIFICANCE:
            return []
        return [
            (one.name, other.name)
            for place, one in enumerate(self.ranking)
            for other in self.ranking[place + 1 :]
            if other.mean_rank - one.mean_rank > self.critical_difference
        ]

    @property
    def verdict(self) -> str:
        """Which variant is the best where, and whether the ranks differ by more than chance."""
        first = self.ranking[0]
        if first.first == len(self.problems):
            start = f"{first.name} has the best median on all {len(self.problems)} problems"
        else:
            start = f"no variant is the best on every problem: {self._winners}"
        return f"{start}\n{self._significance}"

    @property
    def _winners(self) -> str:
        found = []
        for one in self.ranking:
            best = {
                name for name in self.problems if all(one.ranks[name] <= other.ranks[name] for other in self.ranking)
            }
            if best:
                found.append(f"{one.name} on {listed([name for name in self.problems if name in best])}")
        return ", ".join(found)

    @property
    def _significance(self) -> str:
        count, variants = len(self.problems), len(self.ranking)
        fewest, p = min_problems(variants), f"p = {self.p:.2g}"
        if count < fewest:
            return f"{count} problems are too few to show a difference among {variants} variants: use at least {fewest}"
        if self.p >= SIGNIFICANCE:
            return f"the mean ranks do not differ significantly ({p})"
        if not self.different:
            distance = f"{self.critical_difference:.3g}"
            return f"the mean ranks differ significantly ({p}), but no two of them by more than {distance}"
        better: dict[str, list[str]] = {}
        for one, other in self.different:
            better.setdefault(one, []).append(other)
        found = [f"{one} is better than {listed(others)}" for one, others in better.items()]
        return f"the mean ranks differ significantly ({p}): {'; '.join(found)}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "problems": {name: result.to_json() for name, result in self.problems.items()},
            "ranking": [asdict(one) for one in self.ranking],
            "p": self.p,
            "critical_difference": self.critical_difference,
            "different": [list(pair) for pair in self.different],
            "profile": asdict(self.profile),
            "verdict": self.verdict,
        }


def across(results: Mapping[str, Result], runs: Mapping[str, Runs]) -> Across:
    """Return the comparison across problems.

    Args:
        results: by problem, of the same variants.
        runs: of which they are the results.
    """
    names = [variant.name for variant in next(iter(runs.values())).variants.all][: next(iter(runs.values())).count]
    seed = next(iter(runs.values())).budget.seed
    ranks = np.array([_ranks(result, names) for result in results.values()], np.float64)
    means = ranks.mean(axis=0)
    best = ranks.min(axis=1, keepdims=True)
    standings = [
        Standing(
            name, float(means[v]), int((ranks[:, v] == best[:, 0]).sum()), dict(zip(results, ranks[:, v], strict=True))
        )
        for v, name in enumerate(names)
    ]
    order = tuple(sorted(standings, key=lambda one: one.mean_rank))
    distance = critical_difference(len(names), len(results))
    return Across(results, order, friedman(ranks, seed), distance, profile_of(runs, names, [one.name for one in order]))


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _ranks(result: Result, names: Sequence[str]) -> list[float]:
    """Return the ranks of variants by their medians, 1 for the best."""
    split, name = result.measure.split(".")
    medians = {variant.name: variant.ranked.scores[split][name].median for variant in result.variants}
    worst = inf if result.lower else -inf
    values = np.array([worst if medians[one] is None else medians[one] for one in names], np.float64)
    return [float(rank) for rank in stats.rankdata(values if result.lower else -values)]


def friedman(ranks: Ranks, seed: int = 0) -> float:
    """Return the p value of Friedman's test: how often random ranks differ as much as these.

    The ranks of each problem are permuted: in every way if there are at most PERMUTATIONS, otherwise in that many
    random ones. Unlike the chi-squared approximation, this holds for few problems and for ties.

    Formula:
        statistic = Σ_v (Σ_p ranks[p, v])²

    Source: Friedman 1937; Demšar 2006, section 3.2.2.
    """

    def statistic(*variants: Any, axis: int) -> Any:
        return sum(np.sum(one, axis=axis) ** 2 for one in variants)

    if len(ranks) < 2:
        return 1.0
    found = stats.permutation_test(
        ranks.T,
        statistic,
        permutation_type="samples",
        n_resamples=PERMUTATIONS,
        vectorized=True,
        alternative="greater",
        rng=stream(seed, "friedman"),
    )
    return float(found.pvalue)


def critical_difference(variants: int, problems: int) -> float:
    """Return the difference of two mean ranks that is significant at the level 0.05.

    Formula:
        CD = q sqrt(k (k + 1) / (6 N)),  q: the studentized range for k variants, / sqrt(2)

    Source: Nemenyi 1963; Demšar 2006, section 3.2.2.
    """
    q = float(stats.studentized_range.ppf(1 - SIGNIFICANCE, variants, inf)) / np.sqrt(2)
    return float(q * np.sqrt(variants * (variants + 1) / (6 * problems)))


def min_problems(variants: int) -> int:
    """Return the fewest problems on which a difference can be significant.

    If all problems agree, Friedman's p is 1 / k!^(N - 1), and the largest difference of two mean ranks k - 1.
    """
    return next(
        count
        for count in range(2, 64)
        if factorial(variants) ** (1 - count) < SIGNIFICANCE and critical_difference(variants, count) < variants - 1
    )
