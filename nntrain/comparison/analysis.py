"""Evaluate the runs of a comparison: medians, ranking, pairwise tests."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import median

import numpy as np

from nntrain.comparison.measure import SPLITS, reached
from nntrain.comparison.protocol import DEFAULT, TRIAL, TUNED, Runs
from nntrain.comparison.result import Outcome, Result, Target, Tuning, VariantResult
from nntrain.comparison.run_result import CURVE_POINTS, EPOCH, LOSS, TRAIN_LOSS, Curve, RunResult
from nntrain.comparison.statistics import expected_best, pairs, spread
from nntrain.metrics import lower_is_better
from nntrain.recipe.schema import to_data


def result_of(all_runs: Runs) -> Result:
    """Return the result of all runs."""
    measure, phase = all_runs.measure, TUNED if all_runs.budget.trials else DEFAULT
    names = [variant.name for variant in all_runs.variants.all[: all_runs.count]]
    runs = [all_runs.of(v, phase) for v in range(all_runs.count)]
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in runs))) or sorted(set().union(*runs))
    values = [{seed: measure.of(row) for seed, row in by_seed.items() if seed in seeds} for by_seed in runs]
    found = [_variant(all_runs, v, seeds) for v in range(all_runs.count)]

    def rank(v: int) -> tuple[float, float]:
        middle = median(values[v].values())
        return middle if measure.lower else -middle, found[v].ranked.diverged

    order = sorted(range(all_runs.count), key=rank)
    ranked = {names[v]: values[v] for v in order}
    return Result(
        measure=f"{measure.split}.{measure.name}",
        lower=measure.lower,
        metric=all_runs.metric,
        seeds=tuple(seeds),
        trials=all_runs.budget.trials,
        finished=all_runs.finished,
        varied=tuple(all_runs.varied),
        target=all_runs.target,
        variants=tuple(found[v] for v in order),
        pairs=tuple(pairs(ranked, measure.lower, all_runs.budget.seed)),
        notes=(
            *all_runs.notes,
            *_of_test(all_runs),
            *_left_out(names, runs, seeds),
            *_reached_untrained(all_runs, names),
        ),
    )


def _of_test(all_runs: Runs) -> list[str]:
    if all_runs.measure.split != "test":
        return []
    return ["ranked on the test split: choosing by it leaves no unseen data to report on"]


def _left_out(names: Sequence[str], runs: Sequence[Mapping[int, RunResult]], seeds: Sequence[int]) -> list[str]:
    """Return notes on seeds that some variants have not run."""
    if not set.intersection(*(set(by_seed) for by_seed in runs)):
        return ["no seed was run by all variants: the ranking uses all runs, each pair its common seeds"]
    extra = {name: sorted(set(by_seed) - set(seeds)) for name, by_seed in zip(names, runs, strict=True)}
    listed = [f"{name} (seed {', '.join(map(str, left))})" for name, left in extra.items() if left]
    return [f"left out because not all variants have run these seeds: {'; '.join(listed)}"] if listed else []


def _reached_untrained(all_runs: Runs, names: Sequence[str]) -> list[str]:
    """Return notes on a target that untrained networks reach."""
    measure, notes = all_runs.measure, []
    for v, name in enumerate(names):
        rows = all_runs.of(v, DEFAULT).values()
        before = [measure.value(row.untrained) for row in rows if row.untrained is not None]
        met = sum(all_runs.target is not None and not measure.better(all_runs.target, value) for value in before)
        if met:
            notes.append(f"{name}: the untrained network already reaches the target in {met} of {len(rows)} runs")
    return notes


def _variant(all_runs: Runs, v: int, seeds: Sequence[int]) -> VariantResult:
    variant = all_runs.variants.all[v]
    tuning = _tuning(all_runs, v) if all_runs.budget.trials else None

    def outcome(phase: str, settings: Mapping[str, float]) -> Outcome:
        rows = [row for seed, row in all_runs.of(v, phase).items() if seed in seeds]
        return _outcome(all_runs, rows, settings)

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


def _outcome(all_runs: Runs, rows: Sequence[RunResult], settings: Mapping[str, float]) -> Outcome:
    metric = all_runs.metric
    worst = inf if lower_is_better(metric) else -inf
    splits = [split for split in SPLITS if any(split in row.scores for row in rows)]
    scores = {
        split: {
            "loss": spread([row.scores[split].loss if not row.diverged else inf for row in rows]),
            metric: spread([_number(row.scores[split].metric) if not row.diverged else worst for row in rows]),
        }
        for split in splits
    }
    column = LOSS if "validation" in splits else TRAIN_LOSS
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
        target=None if all_runs.target is None else _target(all_runs, rows, all_runs.target),
        curve=_median_curve(curves, longest),
        epochs=longest,
    )


def _median_curve(curves: Sequence[Curve], longest: int) -> tuple[float | None, ...]:
    """Return the median at equally spaced epochs from 1 to longest, by linear interpolation of each curve."""
    if not longest:
        return ()
    at = np.linspace(1, longest, min(longest, CURVE_POINTS))
    with np.errstate(invalid="ignore", over="ignore"):
        medians = np.median([np.interp(at, *curve.T) for curve in curves], axis=0)
    return tuple(float(value) if np.isfinite(value) else None for value in medians)


def _target(all_runs: Runs, rows: Sequence[RunResult], target: float) -> Target:
    found = [reached(row, all_runs.measure, target) for row in rows]
    met = [one for one in found if one is not None]
    steps = spread([one.steps if one else inf for one in found])
    seconds = spread([one.seconds if one else inf for one in found])
    return Target(len(met), len(found) - len(met), steps.median, seconds.median)


def _tuning(all_runs: Runs, v: int) -> Tuning:
    measure, rows, trials = all_runs.measure, all_runs.of(v, TRIAL), all_runs.trials[v]
    values = [measure.of(rows[number], "validation") for number in sorted(rows)]
    number = all_runs.best[v]
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


def _within(values: list[float], best: float, tolerance: float = 0.2) -> float:
    """Return the fraction of ``values`` within a relative distance of the best."""
    return sum(abs(value - best) <= tolerance * abs(best) for value in values) / len(values)


def _number(metric: float | None) -> float:
    return np.nan if metric is None else metric
