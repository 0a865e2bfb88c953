"""What a comparison has found, as one record."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any

import numpy as np

from nntrain.comparison.jobs import LOSS, POINTS, TRAIN_LOSS, Row
from nntrain.comparison.measure import PARTS, reached
from nntrain.comparison.protocol import DEFAULT, TRIAL, TUNED, Findings
from nntrain.comparison.statistics import Pair, Spread, expected_best, fewest_seeds, pairs, spread
from nntrain.recipe.schema import to_data


@dataclass(frozen=True)
class Target:
    """How soon runs reached the target: medians over all, of which those that missed it are the slowest."""

    reached: int
    missed: int
    steps: float | None  # of the optimizer, each with one gradient; evaluations, for one that searches
    seconds: float | None  # of training alone


@dataclass(frozen=True)
class Outcome:
    """The runs of a variant with one setting, on all seeds.

    Attributes:
        settings: keys of the optimizer that were tuned.
        diverged: share of the runs.
        scores: of the weights that were kept: part of the data -> loss and accuracy or r2 -> spread.
        auc: mean of the validation loss over the epochs (of the training loss, where there is no validation part).
        seconds: of a run's training.
        steps: of a run.
        target: None where there is none.
        curve: medians of that loss, at the end of epochs.
    """

    settings: Mapping[str, float]
    runs: int
    diverged: float
    scores: Mapping[str, Mapping[str, Spread]]
    auc: Spread
    seconds: Spread
    steps: Spread
    target: Target | None
    curve: tuple[float | None, ...]


@dataclass(frozen=True)
class Tuning:
    """The trials of a variant.

    Attributes:
        trials: settings of each and its value on the validation part, None if it diverged.
        best: settings of the best one; None where nothing could be tuned.
        at_edge: keys whose best value lies at the edge of its range: the range may be too small.
        expected_best: of 1, 2, ... trials.
        within: share of the trials that are within a fifth of the best one: how little the rate matters.
        diverged: share of the trials.
    """

    trials: tuple[Mapping[str, Any], ...]
    best: Mapping[str, float] | None
    at_edge: tuple[str, ...]
    expected_best: tuple[float | None, ...]
    within: float | None
    diverged: float


@dataclass(frozen=True)
class VariantResult:
    """A variant: with its defaults and, where there were trials, tuned."""

    name: str
    recipe: Mapping[str, Any]
    default: Outcome
    tuned: Outcome | None
    tuning: Tuning | None

    @property
    def counts(self) -> Outcome:
        """The outcome that is compared."""
        return self.tuned or self.default


@dataclass(frozen=True)
class Result:
    """What a comparison has found; the variants with the best median first."""

    measure: str
    lower: bool
    metric: str
    seeds: tuple[int, ...]
    trials: int
    target: float | None
    variants: tuple[VariantResult, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "verdict": self.verdict}

    @property
    def diverged(self) -> bool:
        """Whether every run did."""
        return all(variant.counts.diverged == 1 for variant in self.variants)

    @property
    def verdict(self) -> str:
        """A sentence on the first of the ranking."""
        first, *others = self.variants
        if self.diverged:
            return "every run diverged: there is nothing to rank"
        shown = {pair.b for pair in self.pairs if pair.a == first.name and pair.shown}
        few = [pair for pair in self.pairs if pair.n < fewest_seeds(len(self.pairs))]
        if few:
            return few[0].verdict
        if len(shown) == len(others):
            return f"{first.name} is better than " + ("all others" if len(others) > 1 else others[0].name)
        unclear = [variant.name for variant in others if variant.name not in shown]
        return f"{first.name} has the best median, but no difference is shown to {', '.join(unclear)}"


def result_of(findings: Findings) -> Result:
    """Return what the runs say."""
    measure, phase = findings.measure, TUNED if findings.budget.trials else DEFAULT
    metric = findings.metric
    found = {}
    values: dict[str, dict[int, float]] = {}
    for v in range(findings.count):
        variant = findings.variants.all[v]
        tuning = _tuning(findings, v) if findings.budget.trials else None
        best = {} if tuning is None or tuning.best is None else tuning.best
        tuned = _outcome(findings, findings.of(v, TUNED).values(), metric, best) if tuning else None
        default = _outcome(findings, findings.of(v, DEFAULT).values(), metric, {})
        found[variant.name] = VariantResult(variant.name, to_data(variant.recipe), default, tuned, tuning)
        values[variant.name] = {seed: measure.of(row) for seed, row in findings.of(v, phase).items()}

    def rank(name: str) -> tuple[float, float]:
        median = float(np.median(list(values[name].values())))
        return median if measure.lower else -median, found[name].counts.diverged

    return Result(
        measure=f"{measure.part}.{measure.name}",
        lower=measure.lower,
        metric=metric,
        seeds=tuple(sorted({seed for by_seed in values.values() for seed in by_seed})),
        trials=findings.budget.trials,
        target=findings.target,
        variants=tuple(found[name] for name in sorted(found, key=rank)),
        pairs=tuple(pairs(values, measure.lower, findings.budget.seed)),
    )


def _outcome(findings: Findings, rows: Iterable[Row], metric: str, settings: Mapping[str, float]) -> Outcome:
    rows = list(rows)
    parts = [part for part in PARTS if any(part in row.scores for row in rows)]
    scores = {
        part: {
            "loss": spread([row.scores[part].loss if not row.diverged else inf for row in rows]),
            metric: spread([_number(row.scores[part].metric) if not row.diverged else -inf for row in rows]),
        }
        for part in parts
    }
    column = LOSS if "validation" in parts else TRAIN_LOSS
    curves = [(row.epochs, row.curve[:, column]) for row in rows if not row.diverged and len(row.curve)]
    areas = [
        inf if row.diverged else float(row.curve[:, column].mean()) for row in rows if row.diverged or len(row.curve)
    ]
    return Outcome(
        settings=dict(settings),
        runs=len(rows),
        diverged=sum(row.diverged for row in rows) / max(len(rows), 1),
        scores=scores,
        auc=spread(areas),
        seconds=spread([row.seconds for row in rows]),
        steps=spread([row.steps for row in rows]),
        target=None if findings.target is None else _target(findings, rows, findings.target),
        curve=_median_curve(curves),
    )


def _median_curve(curves: list[tuple[int, Any]]) -> tuple[float | None, ...]:
    """Return the median at each of some epochs, the longest run's, a run that ended early keeping its last value."""
    longest = max((epochs for epochs, _ in curves), default=0)
    if not longest:
        return ()
    at = np.linspace(longest / min(longest, POINTS), longest, min(longest, POINTS))
    filled = [np.interp(at, np.linspace(epochs / len(curve), epochs, len(curve)), curve) for epochs, curve in curves]
    return tuple(float(value) if np.isfinite(value) else None for value in np.median(filled, axis=0))


def _target(findings: Findings, rows: list[Row], target: float) -> Target:
    found = [reached(row, findings.measure, target) for row in rows]
    there = [one for one in found if one is not None]
    steps = spread([one.steps if one else inf for one in found])
    seconds = spread([one.seconds if one else inf for one in found])
    return Target(len(there), len(found) - len(there), steps.median, seconds.median)


def _tuning(findings: Findings, v: int) -> Tuning:
    measure, rows, trials = findings.measure, findings.of(v, TRIAL), findings.trials[v]
    values = [measure.of(rows[number], "validation") for number in sorted(rows)]
    number = findings.best[v]
    best = None if number is None else trials[number]
    return Tuning(
        trials=tuple(
            {**trial.settings, "value": value if np.isfinite(value) else None}
            for trial, value in zip(trials, values, strict=True)
        ),
        best=None if best is None else dict(best.settings),
        at_edge=() if best is None else tuple(best.edges()),
        expected_best=tuple(expected_best(values, measure.lower)),
        within=None if number is None else _within(values, values[number]),
        diverged=sum(rows[number].diverged for number in rows) / max(len(rows), 1),
    )


def _within(values: list[float], best: float, share: float = 0.2) -> float:
    """Return the share of ``values`` that are no further from the best one than a share of it."""
    return sum(abs(value - best) <= share * abs(best) for value in values) / len(values)


def _number(metric: float | None) -> float:
    return np.nan if metric is None else metric
