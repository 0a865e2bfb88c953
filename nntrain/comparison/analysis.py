"""From all runs of a comparison to what they say: medians, ranking, pairs."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import median

import numpy as np

from nntrain.comparison.measure import PARTS, reached
from nntrain.comparison.protocol import DEFAULT, TRIAL, TUNED, Runs
from nntrain.comparison.result import Outcome, Result, Target, Tuning, VariantResult
from nntrain.comparison.run_result import EPOCH, LOSS, POINTS, TRAIN_LOSS, Curve, RunResult
from nntrain.comparison.statistics import expected_best, pairs, spread
from nntrain.recipe.schema import to_data


def result_of(findings: Runs) -> Result:
    """Return what the runs say."""
    measure, phase = findings.measure, TUNED if findings.budget.trials else DEFAULT
    names = [variant.name for variant in findings.variants.all[: findings.count]]
    runs = [findings.of(v, phase) for v in range(findings.count)]
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in runs))) or sorted(set().union(*runs))
    values = [{seed: measure.of(row) for seed, row in by_seed.items() if seed in seeds} for by_seed in runs]
    found = [_variant(findings, v, seeds) for v in range(findings.count)]

    def rank(v: int) -> tuple[float, float]:
        middle = median(values[v].values())
        return middle if measure.lower else -middle, found[v].counts.diverged

    order = sorted(range(findings.count), key=rank)
    ranked = {names[v]: values[v] for v in order}
    return Result(
        measure=f"{measure.part}.{measure.name}",
        lower=measure.lower,
        metric=findings.metric,
        seeds=tuple(seeds),
        trials=findings.budget.trials,
        finished=findings.finished,
        varied=tuple(findings.varied),
        target=findings.target,
        variants=tuple(found[v] for v in order),
        pairs=tuple(pairs(ranked, measure.lower, findings.budget.seed)),
        notes=(*findings.notes, *_of_test(findings), *_left_out(names, runs, seeds), *_met_before(findings, names)),
    )


def _of_test(findings: Runs) -> list[str]:
    if findings.measure.part != "test":
        return []
    return ["ranked on the test part: whoever chooses by it has no unseen rows left to report on"]


def _left_out(names: Sequence[str], runs: Sequence[Mapping[int, RunResult]], seeds: Sequence[int]) -> list[str]:
    """Return notes on seeds that not all variants have run."""
    if not set.intersection(*(set(by_seed) for by_seed in runs)):
        return [
            "no seed was run by all variants: the ranking is over all runs, pairs are over the seeds that both have"
        ]
    extra = {name: sorted(set(by_seed) - set(seeds)) for name, by_seed in zip(names, runs, strict=True)}
    listed = [f"{name} (seed {', '.join(map(str, left))})" for name, left in extra.items() if left]
    return [f"left out, as not all variants have run these seeds: {'; '.join(listed)}"] if listed else []


def _met_before(findings: Runs, names: Sequence[str]) -> list[str]:
    """Return notes on a target that untrained networks meet."""
    measure, notes = findings.measure, []
    for v, name in enumerate(names):
        rows = findings.of(v, DEFAULT).values()
        before = [measure.value(row.untrained) for row in rows if row.untrained is not None]
        met = sum(findings.target is not None and not measure.better(findings.target, value) for value in before)
        if met:
            notes.append(f"{name}: the untrained network meets the target in {met} of {len(rows)} runs")
    return notes


def _variant(findings: Runs, v: int, seeds: Sequence[int]) -> VariantResult:
    variant = findings.variants.all[v]
    tuning = _tuning(findings, v) if findings.budget.trials else None

    def outcome(phase: str, settings: Mapping[str, float]) -> Outcome:
        rows = [row for seed, row in findings.of(v, phase).items() if seed in seeds]
        return _outcome(findings, rows, settings)

    return VariantResult(
        name=variant.name,
        recipe=to_data(variant.recipe),
        differs=variant.differs,
        lr=None if variant.recipe.optimizer.keeps_best else variant.recipe.optimizer.lr,
        tunable=not variant.recipe.optimizer.full_batch,
        default=outcome(DEFAULT, {}),
        tuned=outcome(TUNED, tuning.best or {}) if tuning else None,
        tuning=tuning,
    )


def _outcome(findings: Runs, rows: Sequence[RunResult], settings: Mapping[str, float]) -> Outcome:
    metric = findings.metric
    parts = [part for part in PARTS if any(part in row.scores for row in rows)]
    scores = {
        part: {
            "loss": spread([row.scores[part].loss if not row.diverged else inf for row in rows]),
            metric: spread([_number(row.scores[part].metric) if not row.diverged else -inf for row in rows]),
        }
        for part in parts
    }
    column = LOSS if "validation" in parts else TRAIN_LOSS
    curves = [row.curve[:, (EPOCH, column)] for row in rows if not row.diverged and len(row.curve)]
    areas = [inf if row.diverged else row.area for row in rows if row.diverged or row.epochs]
    longest = max((int(curve[-1, 0]) for curve in curves), default=0)
    return Outcome(
        settings=dict(settings),
        runs=len(rows),
        diverged=sum(row.diverged for row in rows) / max(len(rows), 1),
        scores=scores,
        auc=spread(areas),
        seconds=spread([row.seconds for row in rows]),
        steps=spread([row.steps for row in rows]),
        target=None if findings.target is None else _target(findings, rows, findings.target),
        curve=_median_curve(curves, longest),
        epochs=longest,
    )


def _median_curve(curves: Sequence[Curve], longest: int) -> tuple[float | None, ...]:
    """Return the median at some of the epochs 1 ... longest, between the points of a curve by straight lines."""
    if not longest:
        return ()
    at = np.linspace(1, longest, min(longest, POINTS))
    with np.errstate(invalid="ignore", over="ignore"):
        medians = np.median([np.interp(at, *curve.T) for curve in curves], axis=0)
    return tuple(float(value) if np.isfinite(value) else None for value in medians)


def _target(findings: Runs, rows: Sequence[RunResult], target: float) -> Target:
    found = [reached(row, findings.measure, target) for row in rows]
    there = [one for one in found if one is not None]
    steps = spread([one.steps if one else inf for one in found])
    seconds = spread([one.seconds if one else inf for one in found])
    return Target(len(there), len(found) - len(there), steps.median, seconds.median)


def _tuning(findings: Runs, v: int) -> Tuning:
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
