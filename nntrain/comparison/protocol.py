"""The protocol of a fair comparison: every variant gets the same seeds, the same trials and the same chances.

Each variant runs with its own defaults on all seeds. Where there is a budget for tuning, each gets the same number of
quasi-random trials, judged on the validation part at a seed of their own, and the best one runs on all seeds too. The
test part is the same rows in every run, and nothing is chosen by it.

Source: DeepOBS (Schneider et al. 2019); Sivaprasad et al., arXiv 1910.11758; AlgoPerf's rules.
"""

import hashlib
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from nntrain.comparison.executors import Executor
from nntrain.comparison.jobs import ABOUT, Job, Row, Variants
from nntrain.comparison.ledger import Ledger
from nntrain.comparison.measure import Measure
from nntrain.comparison.tuning import Trial, trials_of
from nntrain.comparison.variants import Variant, canonical
from nntrain.optimizers import Optimizer
from nntrain.recipe.schema import Recipe
from nntrain.registry import members

DEFAULT, TRIAL, TUNED = "default", "trial", "tuned"
REFERENCE = ("sgd", "momentum", "nesterov", "adamw")  # by which AlgoPerf sets its targets ...
REFERENCE_BUDGET = 4  # ... with so many times the trials


@dataclass(frozen=True)
class Budget:
    """What a comparison may cost.

    Attributes:
        seeds: runs of each variant that count, with seeds from ``seed + 1`` on.
        trials: of each variant, with seed ``seed``; 0: nothing is tuned.
        seed: of the trials.
        target: a value of the measure on the validation part; None: none, or the protocol's where there are trials.
    """

    seeds: int
    trials: int
    seed: int
    target: float | None = None

    @property
    def fresh_seeds(self) -> list[int]:
        """The seeds of the runs that count."""
        return [(self.seed + k) % 2**32 for k in range(1, self.seeds + 1)]


@dataclass(frozen=True)
class RunEnded:
    """A run is done, now or in an earlier comparison."""

    job: Job
    row: Row
    done: int
    total: int  # of those known so far
    reused: bool


class Named(Protocol):
    """A variant, as results name it."""

    @property
    def name(self) -> str:
        """What varies of it."""
        ...

    @property
    def recipe(self) -> Recipe:
        """Its recipe, complete."""
        ...


class Group(Protocol):
    """Some variants."""

    @property
    def all(self) -> Sequence[Named]:
        """In the order in which they were asked for."""
        ...


@dataclass
class Findings:
    """All runs of a comparison, and what the trials have led to."""

    variants: Group
    measure: Measure
    budget: Budget
    count: int  # of the variants that are compared; those behind them set the target
    metric: str  # accuracy or r2
    runs: dict[tuple[int, str], dict[int, Row]] = field(default_factory=dict)  # (variant, phase) -> by seed or trial
    trials: dict[int, list[Trial]] = field(default_factory=dict)
    best: dict[int, int | None] = field(default_factory=dict)  # of each variant, the number of its best trial
    target: float | None = None

    def of(self, variant: int, phase: str) -> dict[int, Row]:
        """Return a variant's runs, by seed, or by number for trials; in that order, whichever ended first."""
        return dict(sorted(self.runs.get((variant, phase), {}).items()))


def with_reference(variants: list[Variant], budget: Budget) -> list[Variant]:
    """Return the variants, and behind them those that set the target, where the protocol has to set one."""
    if not budget.trials or budget.target is not None:
        return variants
    first = variants[0]
    found = []
    for name in REFERENCE:
        optimizer = members(Optimizer)[name].model_validate({})
        recipe = first.recipe.model_copy(update={"optimizer": optimizer})
        found.append(Variant(f"reference {name}", recipe, first.dataset, first.document, first.keys))
    return [*variants, *found]


def name_of(variants: Variants, budget: Budget, measure: Measure) -> str:
    """Return a name that is the same for the same comparison, and for no other."""
    parts = [f"{variant.name} {canonical(variant.recipe)}" for variant in variants.all]
    text = "\n".join([*parts, *variants.fingerprints, repr(budget), repr(measure)])
    source = re.sub(r"[^\w.-]+", "-", Path(variants.all[0].document.source).stem)
    return f"compare-{source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def compare(variants: Variants, findings: Findings, ledger: Ledger, executor: Executor) -> Iterator[RunEnded]:
    """Make all runs of ``variants`` that are not in the ledger, and fill in ``findings``.

    It ends early where the executor has been asked to end: what then is in ``findings`` is not all.
    """
    budget = findings.budget
    everyone, compared = range(len(variants.all)), range(findings.count)
    seeds = budget.fresh_seeds
    first: list[tuple[int, Job]] = [(seed, Job.of(variants, v, DEFAULT, seed)) for seed in seeds for v in compared]
    for v in everyone if budget.trials else ():
        count = budget.trials if v < findings.count else REFERENCE_BUDGET * budget.trials
        variant = variants.all[v]
        fixed = [key.removeprefix("optimizer.") for key in variant.keys if key.startswith("optimizer.")]
        findings.trials[v] = trials_of(variant.recipe.optimizer, count, budget.seed, fixed)
        for number, trial in enumerate(findings.trials[v]):
            first.append((number, Job.of(variants, v, TRIAL, budget.seed, trial.settings)))
    complete = yield from _made(variants, findings, ledger, executor, first, 0)
    findings.target = budget.target
    if not complete or not budget.trials:
        return
    for v in everyone:
        findings.best[v] = _best(findings, v)
    second: list[tuple[int, Job]] = []
    reference = _best_reference(findings)
    for v in [*compared, *([] if reference is None else [reference])]:
        best = findings.best[v]
        settings = {} if best is None else findings.trials[v][best].settings
        second += [(seed, Job.of(variants, v, TUNED, seed, settings)) for seed in seeds]
    complete = yield from _made(variants, findings, ledger, executor, second, len(first))
    if complete and reference is not None:
        finals = [findings.measure.of(row, "validation") for row in findings.of(reference, TUNED).values()]
        findings.target = float(np.median(finals))


def _made(
    variants: Variants,
    findings: Findings,
    ledger: Ledger,
    executor: Executor,
    jobs: list[tuple[int, Job]],
    before: int,
) -> Generator[RunEnded, None, bool]:
    """Take from the ledger what is there, and make the rest, each run once though several may want it.

    Returns:
        Whether all are made.
    """
    done, total = before, before + len(jobs)
    wanted: dict[str, list[tuple[int, Job]]] = {}
    for number, job in jobs:
        wanted.setdefault(job.key, []).append((number, job))

    def told(key: str, row: Row, reused: bool) -> Iterator[RunEnded]:
        nonlocal done
        for number, job in wanted[key]:
            done += 1
            findings.runs.setdefault((job.variant, job.phase), {})[number] = row
            yield RunEnded(job, row, done, total, reused)

    there = [key for key in wanted if key in ledger.rows]
    for key in there:
        yield from told(key, ledger.rows[key], reused=True)
    missing: Iterable[Job] = [wanted[key][0][1] for key in wanted if key not in ledger.rows]
    made = executor.run(variants, missing)
    try:
        for job, bare in made:
            about = (variants.all[job.variant].name, job.phase, job.seed, dict(job.settings))
            row = replace(bare, about=dict(zip(ABOUT, about, strict=True)))
            ledger.add(row)
            yield from told(job.key, row, reused=False)
    finally:
        made.close()
    return done == total


def _best(findings: Findings, variant: int) -> int | None:
    """Return the number of the best trial; None where there is nothing to tune, or all have diverged."""
    measure, found = findings.measure, None
    for number in sorted(rows := findings.of(variant, TRIAL)):
        value = measure.of(rows[number], "validation")
        if value != measure.worst and (found is None or measure.better(value, measure.of(rows[found], "validation"))):
            found = number
    return found


def _best_reference(findings: Findings) -> int | None:
    """Return the variant of the reference set whose best trial is the best."""
    measure, found, best = findings.measure, None, findings.measure.worst
    for v in range(findings.count, len(findings.variants.all)):
        number = findings.best[v]
        if number is not None:
            value = measure.of(findings.of(v, TRIAL)[number], "validation")
            if measure.better(value, best):
                found, best = v, value
    return found
