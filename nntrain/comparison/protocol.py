"""The protocol of a fair comparison: every variant gets the same seeds, the same trials and the same chances.

Each variant runs with its own defaults on all seeds. Where there is a budget for tuning, each gets the same number of
quasi-random trials, judged on the validation part at a seed of their own, and the best one runs on all seeds too. The
test part is the same rows in every run, and nothing is chosen by it.

Source: DeepOBS (Schneider et al. 2019); Sivaprasad et al., arXiv 1910.11758; AlgoPerf's rules.
"""

import hashlib
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Protocol

from nntrain.comparison.executors import Executor
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.ledger import Ledger
from nntrain.comparison.measure import Measure
from nntrain.comparison.run_result import ABOUT, RunResult
from nntrain.comparison.tuning import Trial, trials_of
from nntrain.comparison.variants import Variant, canonical, with_optimizer
from nntrain.recipe.schema import Recipe

DEFAULT, TRIAL, TUNED = "default", "trial", "tuned"
REFERENCE = ("sgd", "momentum", "nesterov", "adamw")  # by which AlgoPerf sets its targets ...
REFERENCE_BUDGET = 4  # ... with so many times the trials
LEDGER = "ledger 2"  # format of the ledger: another one gets another directory


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
    row: RunResult
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

    @property
    def differs(self) -> Mapping[str, str]:
        """Keys whose values differ between the variants, where the name does not tell them."""
        ...


class Group(Protocol):
    """Some variants."""

    @property
    def all(self) -> Sequence[Named]:
        """In the order in which they were asked for."""
        ...


@dataclass
class Runs:
    """All runs of a comparison, and what the trials have led to."""

    variants: Group
    measure: Measure
    budget: Budget
    count: int  # of the variants that are compared; those behind them set the target
    metric: str  # accuracy or r2
    runs: dict[tuple[int, str], dict[int, RunResult]] = field(
        default_factory=dict
    )  # (variant, phase) -> by seed or trial
    trials: dict[int, list[Trial]] = field(default_factory=dict)
    best: dict[int, int | None] = field(default_factory=dict)  # of each variant, the number of its best trial
    target: float | None = None
    finished: bool = False  # whether the runs were made before
    varied: Sequence[str] = ()  # keys of the recipe that vary by options
    notes: list[str] = field(default_factory=list)  # what a reader of the result should know

    def of(self, variant: int, phase: str) -> dict[int, RunResult]:
        """Return a variant's runs, by seed, or by number for trials; in that order, whichever ended first."""
        return dict(sorted(self.runs.get((variant, phase), {}).items()))


def with_reference(variants: list[Variant], budget: Budget) -> list[Variant]:
    """Return the variants, and behind them those that set the target, where the protocol has to set one.

    The target does not depend on the order of the variants.
    """
    if not budget.trials or budget.target is not None:
        return variants
    base = min(variants, key=lambda variant: canonical(with_optimizer(variant, "reference", REFERENCE[0]).recipe))
    return [*variants, *(with_optimizer(base, f"reference {name}", name) for name in REFERENCE)]


def name_of(variants: Variants, budget: Budget, measure: Measure) -> str:
    """Return a name that is the same for the same comparison, and for no other."""
    parts = [f"{variant.name} {canonical(variant.recipe)}" for variant in variants.all]
    text = "\n".join([LEDGER, *parts, *variants.fingerprints, repr(budget), repr(measure)])
    source = re.sub(r"[^\w.-]+", "-", Path(variants.all[0].document.source).stem)
    return f"compare-{source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def compare(variants: Variants, findings: Runs, ledger: Ledger, executor: Executor) -> Iterator[RunEnded]:
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
    references = _references(findings)
    made = len(first)
    for turn in range(max(1, len(references))):  # more than one only where the best reference has learnt nothing
        wanted = [*(compared if turn == 0 else ()), *references[turn : turn + 1]]
        jobs = [(seed, _tuned(variants, findings, v, seed)) for v in wanted for seed in seeds]
        complete = yield from _made(variants, findings, ledger, executor, jobs, made)
        made += len(jobs)
        if not complete or (references and _set_target(findings, references[turn])):
            return
    if budget.target is None:
        findings.notes.append("no target: no reference optimizer has learnt anything; --target sets one")


def _tuned(variants: Variants, findings: Runs, v: int, seed: int) -> Job:
    best = findings.best[v]
    settings = {} if best is None else findings.trials[v][best].settings
    return Job.of(variants, v, TUNED, seed, settings)


def _set_target(findings: Runs, reference: int) -> bool:
    """Set the protocol's target, unless untrained networks meet it: the best trial of all was lucky then."""
    measure, rows = findings.measure, findings.of(reference, TUNED).values()
    target = median(measure.of(row, "validation") for row in rows)
    before = median(measure.value(row.untrained) for row in rows)
    if measure.better(target, before):
        findings.target = target
        return True
    findings.notes.append(
        f"{findings.variants.all[reference].name} sets no target: its best trial ended at a validation "
        f"{measure.name} of {target:.4g} on the other seeds, no better than {before:.4g} before training"
    )
    return False


def _made(
    variants: Variants,
    findings: Runs,
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

    def told(key: str, row: RunResult, reused: bool) -> Iterator[RunEnded]:
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


def _best(findings: Runs, variant: int) -> int | None:
    """Return the number of the best trial; None where there is nothing to tune, or all have diverged."""
    measure, found = findings.measure, None
    for number in sorted(rows := findings.of(variant, TRIAL)):
        value = measure.of(rows[number], "validation")
        if value != measure.worst and (found is None or measure.better(value, measure.of(rows[found], "validation"))):
            found = number
    return found


def _references(findings: Runs) -> list[int]:
    """Return the variants of the reference set, the one with the best trial first; without those that all diverged."""
    found = []
    for v in range(findings.count, len(findings.variants.all)):
        best = findings.best[v]
        if best is not None:
            found.append((findings.measure.of(findings.of(v, TRIAL)[best], "validation"), v))
    return [v for _, v in sorted(found, key=lambda pair: pair[0] if findings.measure.lower else -pair[0])]
