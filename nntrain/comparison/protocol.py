"""The protocol of a fair comparison: every variant gets the same seeds and the same number of trials.

Each variant runs with its own defaults on all seeds. With a tuning budget, each gets the same number of quasi-random
trials, judged on the validation split at a separate seed, and its best trial runs on all seeds too. The test split is
the same in every run, and no choice depends on it.

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
REFERENCE = ("sgd", "momentum", "nesterov", "adamw")  # the optimizers by which AlgoPerf sets targets
REFERENCE_BUDGET = 4  # multiplies their number of trials
LEDGER = "ledger 2"  # format; a new format gets a new directory


@dataclass(frozen=True)
class Budget:
    """The budget of a comparison.

    Attributes:
        seeds: number of evaluation runs of each variant, with seeds from ``seed + 1`` on.
        trials: tuning trials of each variant, with seed ``seed``; 0: no tuning.
        seed: of the trials.
        target: a value of the measure on the validation split; None: none, or with trials the protocol's.
    """

    seeds: int
    trials: int
    seed: int
    target: float | None = None

    @property
    def fresh_seeds(self) -> list[int]:
        """The seeds of the evaluation runs."""
        return [(self.seed + k) % 2**32 for k in range(1, self.seeds + 1)]


@dataclass(frozen=True)
class RunEnded:
    """A run has ended, now or in an earlier comparison."""

    job: Job
    row: RunResult
    done: int
    total: int  # known so far
    reused: bool


class Named(Protocol):
    """A variant as results see it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def recipe(self) -> Recipe:
        """Its complete recipe."""
        ...

    @property
    def differs(self) -> Mapping[str, str]:
        """Keys whose values differ between variants, if not part of the name."""
        ...


class Group(Protocol):
    """A sequence of variants."""

    @property
    def all(self) -> Sequence[Named]:
        """The variants in the order of the command line."""
        ...


@dataclass
class Runs:
    """All runs of a comparison and the results of tuning."""

    variants: Group
    measure: Measure
    budget: Budget
    count: int  # number of compared variants; the rest set the target
    metric: str  # that the runs record: accuracy, r2 or the measure
    runs: dict[tuple[int, str], dict[int, RunResult]] = field(
        default_factory=dict
    )  # (variant, phase) -> by seed or trial
    trials: dict[int, list[Trial]] = field(default_factory=dict)
    best: dict[int, int | None] = field(default_factory=dict)  # variant -> number of its best trial
    target: float | None = None
    finished: bool = False  # whether the runs already existed
    varied: Sequence[str] = ()  # recipe keys varied by options
    notes: list[str] = field(default_factory=list)  # for readers of the result

    def of(self, variant: int, phase: str) -> dict[int, RunResult]:
        """Return a variant's runs by seed (trials: by number), sorted."""
        return dict(sorted(self.runs.get((variant, phase), {}).items()))


def with_reference(variants: list[Variant], budget: Budget) -> list[Variant]:
    """Append the reference variants if the protocol has to set a target.

    The target does not depend on the order of the variants.
    """
    if not budget.trials or budget.target is not None:
        return variants
    base = min(variants, key=lambda variant: canonical(with_optimizer(variant, "reference", REFERENCE[0]).recipe))
    return [*variants, *(with_optimizer(base, f"reference {name}", name) for name in REFERENCE)]


def name_of(variants: Variants, budget: Budget, measure: Measure) -> str:
    """Return a name that identifies the comparison."""
    parts = [f"{variant.name} {canonical(variant.recipe)}" for variant in variants.all]
    text = "\n".join([LEDGER, *parts, *variants.fingerprints, repr(budget), repr(measure)])
    source = re.sub(r"[^\w.-]+", "-", Path(variants.all[0].document.source).stem)
    return f"compare-{source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def name_of_all(names: Sequence[str]) -> str:
    """Return a name that identifies a comparison on several problems, given the name of each."""
    return f"compare-{len(names)}-problems-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:8]}"


def compare(variants: Variants, all_runs: Runs, ledger: Ledger, executor: Executor) -> Iterator[RunEnded]:
    """Execute all runs that are not in the ledger, and fill in ``all_runs``.

    If the executor is interrupted, ``all_runs`` is incomplete.
    """
    budget = all_runs.budget
    all_variants, compared = range(len(variants.all)), range(all_runs.count)
    seeds = budget.fresh_seeds
    first: list[tuple[int, Job]] = [(seed, Job.of(variants, v, DEFAULT, seed)) for seed in seeds for v in compared]
    for v in all_variants if budget.trials else ():
        count = budget.trials if v < all_runs.count else REFERENCE_BUDGET * budget.trials
        variant = variants.all[v]
        fixed = [key.removeprefix("optimizer.") for key in variant.keys if key.startswith("optimizer.")]
        all_runs.trials[v] = trials_of(variant.recipe.optimizer, count, budget.seed, fixed)
        for number, trial in enumerate(all_runs.trials[v]):
            first.append((number, Job.of(variants, v, TRIAL, budget.seed, trial.settings)))
    complete = yield from _complete(variants, all_runs, ledger, executor, first, 0)
    all_runs.target = budget.target
    if not complete or not budget.trials:
        return
    for v in all_variants:
        all_runs.best[v] = _best(all_runs, v)
    references = _references(all_runs)
    completed = len(first)
    for attempt in range(max(1, len(references))):  # a second attempt only if the best reference learned nothing
        wanted = [*(compared if attempt == 0 else ()), *references[attempt : attempt + 1]]
        jobs = [(seed, _tuned(variants, all_runs, v, seed)) for v in wanted for seed in seeds]
        complete = yield from _complete(variants, all_runs, ledger, executor, jobs, completed)
        completed += len(jobs)
        if not complete or (references and _set_target(all_runs, references[attempt])):
            return
    if budget.target is None:
        all_runs.notes.append("no target: no reference optimizer learned anything; set one with --target")


def _tuned(variants: Variants, all_runs: Runs, v: int, seed: int) -> Job:
    best = all_runs.best[v]
    settings = {} if best is None else all_runs.trials[v][best].settings
    return Job.of(variants, v, TUNED, seed, settings)


def _set_target(all_runs: Runs, reference: int) -> bool:
    """Set the protocol's target, unless untrained networks reach it because the best trial was lucky."""
    measure, rows = all_runs.measure, all_runs.of(reference, TUNED).values()
    target = median(measure.of(row, "validation") for row in rows)
    before = median(measure.value(row.untrained) for row in rows)
    if measure.better(target, before):
        all_runs.target = target
        return True
    all_runs.notes.append(
        f"{all_runs.variants.all[reference].name} sets no target: its best trial reached a validation "
        f"{measure.name} of {target:.4g} on the other seeds, no better than {before:.4g} before training"
    )
    return False


def _complete(
    variants: Variants,
    all_runs: Runs,
    ledger: Ledger,
    executor: Executor,
    jobs: list[tuple[int, Job]],
    before: int,
) -> Generator[RunEnded, None, bool]:
    """Take runs from the ledger and execute the others, each once even if several jobs share it.

    Returns:
        Whether all runs are complete.
    """
    done, total = before, before + len(jobs)
    wanted: dict[str, list[tuple[int, Job]]] = {}
    for number, job in jobs:
        wanted.setdefault(job.key, []).append((number, job))

    def report(key: str, row: RunResult, reused: bool) -> Iterator[RunEnded]:
        nonlocal done
        for number, job in wanted[key]:
            done += 1
            all_runs.runs.setdefault((job.variant, job.phase), {})[number] = row
            yield RunEnded(job, row, done, total, reused)

    cached = [key for key in wanted if key in ledger.rows]
    for key in cached:
        yield from report(key, ledger.rows[key], reused=True)
    missing: Iterable[Job] = [wanted[key][0][1] for key in wanted if key not in ledger.rows]
    completed = executor.run(variants, missing)
    try:
        for job, result in completed:
            about = (variants.all[job.variant].name, job.phase, job.seed, dict(job.settings))
            row = replace(result, about=dict(zip(ABOUT, about, strict=True)))
            ledger.add(row)
            yield from report(job.key, row, reused=False)
    finally:
        completed.close()
    return done == total


def _best(all_runs: Runs, variant: int) -> int | None:
    """Return the number of the best trial; None if there is nothing to tune or all diverged."""
    measure, found = all_runs.measure, None
    for number in sorted(rows := all_runs.of(variant, TRIAL)):
        value = measure.of(rows[number], "validation")
        if value != measure.worst and (found is None or measure.better(value, measure.of(rows[found], "validation"))):
            found = number
    return found


def _references(all_runs: Runs) -> list[int]:
    """Return the reference variants sorted by their best trial, without those whose trials all diverged."""
    found = []
    for v in range(all_runs.count, len(all_runs.variants.all)):
        best = all_runs.best[v]
        if best is not None:
            found.append((all_runs.measure.of(all_runs.of(v, TRIAL)[best], "validation"), v))
    return [v for _, v in sorted(found, key=lambda pair: pair[0] if all_runs.measure.lower else -pair[0])]
