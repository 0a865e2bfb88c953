"""The examination: watch a run, suspect, screen every edit at one seed, confirm the best on other seeds.

Screening picks the edit that looks best among many, by luck as well; confirmation measures it again on other validation
splits and initial weights, so that the reported effect is unbiased.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

import numpy as np

from nntrain.diagnostics.verdict import judge
from nntrain.doctor.case import Case
from nntrain.doctor.confirming import confirm, edits_to_confirm, metric, with_recorded
from nntrain.doctor.diagnoses import Diagnosis
from nntrain.doctor.edits import NO_EDIT, Edit
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.report import Report
from nntrain.doctor.screening import (
    Candidate,
    Pair,
    Suspected,
    best_pair,
    candidates,
    edits_to_try,
    pairs_to_try,
    suspect,
)
from nntrain.doctor.trial import Trial
from nntrain.errors import counted
from nntrain.registry import members

BUDGET = 30.0  # seconds
WATCH_FRACTION = 0.25  # of the budget that the watched run may take
SEEDS_FRACTION = 0.4  # of the time left that the same recipe at other seeds may take
WATCHED_SEEDS = 6  # other seeds of a recipe that trains quickly
CHEAP_FRACTION = 0.1  # of the time left that they may take
SCREEN_FRACTION = 0.65  # of the budget after which confirmation begins
CONFIRM_SEEDS = 3
MIN_JUDGED = 200  # samples over all confirming seeds, where more seeds can reach that
MAX_CONFIRM_SEEDS = 8

ONE_EPOCH = Edit({"training.epochs": 1})

Progress = Callable[[str], None]
Stop = Callable[[], bool]


def examine(
    case: Case, budget: float = BUDGET, stop: Stop = lambda: False, progress: Progress = lambda text: None
) -> Report:
    """Examine a recipe.

    Args:
        case: the recipe and its rows.
        budget: seconds for all experiments.
        stop: returns whether to end early.
        progress: called with what is being done.
    """
    case.run(ONE_EPOCH, case.seed, stop)  # compiles what is not compiled yet
    began = monotonic()
    progress("training the recipe as it is")
    evidence = watch(case, began + WATCH_FRACTION * budget, stop)
    evidence, seeds = at_other_seeds(case, evidence, monotonic() - began, began + 2 * WATCH_FRACTION * budget, stop)
    suspicions = suspect(evidence)
    supported, pair, count, complete = _screened(
        case, evidence, suspicions, began + SCREEN_FRACTION * budget, stop, progress
    )
    done = list(evidence.trials)
    if supported or pair is not None:
        progress(f"confirming {counted(len(supported), 'suspicion')} on other seeds")
        edits, have = edits_to_confirm(supported, pair), {trial.seed for trial in done}
        wanted = [(edit, seed) for seed in seeds for edit in (*([] if seed in have else [NO_EDIT]), *edits)]
        done += case.run_all(wanted, began + budget, stop)[0]
    trials = {(trial.edit.key, trial.seed): trial for trial in done}
    return Report(
        recipe=case.name,
        metric=evidence.trial.facts.started.metric,
        split=case.split,
        score=evidence.trial.score,
        metric_value=metric(evidence.trial, case.split),
        found=tuple(with_recorded(confirm(supported, pair, trials, seeds, case.split), evidence, suspicions)),
        notes=tuple(one.text for _, one in suspicions if one.note),
        checked=len(members(Diagnosis)),
        experiments=count + len(done),
        seconds=monotonic() - began,
        complete=complete and not stop(),
        diverged=evidence.diverged,
    )


def watch(case: Case, deadline: float, stop: Stop) -> Evidence:
    """Run the recipe as it is, and gather the evidence; a run that takes too long gets fewer epochs."""
    trial = case.run(NO_EDIT, case.seed, lambda: stop() or monotonic() > deadline)
    assert trial is not None  # noqa: S101 - the recipe itself was built before
    if not trial.complete:
        case.max_epochs = max(1, len(trial.facts.train))
    return Evidence(case, trial, judge(trial.facts))


def at_other_seeds(
    case: Case, evidence: Evidence, took: float, deadline: float, stop: Stop
) -> tuple[Evidence, list[int]]:
    """Run the recipe at other seeds, if that is quick; return the evidence with these runs, and the confirming seeds.

    If the recipe's own seed was lucky, more seeds are run, and all of them confirm.

    Args:
        case: the recipe and its rows.
        evidence: of the recipe's own seed.
        took: seconds that its run took.
        deadline: for all runs.
        stop: returns whether to end early.
    """
    seeds = other_seeds(case, evidence.trial)
    left = deadline - monotonic()
    watched = max(WATCHED_SEEDS, len(seeds)) if took * WATCHED_SEEDS < CHEAP_FRACTION * left else len(seeds)
    if took * watched > SEEDS_FRACTION * left:
        return evidence, seeds
    others, _ = case.run_all([(NO_EDIT, seed) for seed in seeds_after(case.seed, watched)], deadline, stop)
    evidence = replace(evidence, others=tuple(others))
    if evidence.base is evidence.trial:
        return evidence, seeds
    more = [(NO_EDIT, seed) for seed in seeds_after(case.seed, MAX_CONFIRM_SEEDS)[watched:]]
    others += case.run_all(more, deadline, stop)[0]
    evidence = replace(evidence, others=tuple(others))
    return evidence, [trial.seed for trial in evidence.trials]


def other_seeds(case: Case, trial: Trial) -> list[int]:
    """Return the seeds that confirm: the more, the fewer samples are judged."""
    judged = max(len(trial.errors["score"]), 1)
    if case.dataset.single_label:  # a rare class has to be judged, too
        y = trial.built.plan.data.train.y
        judged = min(judged, int(judged * 2 * np.bincount(y)[np.unique(y)].min() / len(y)) or 1)
    count = min(MAX_CONFIRM_SEEDS, max(CONFIRM_SEEDS, -(-MIN_JUDGED // judged)))
    return seeds_after(case.seed, count)


def seeds_after(seed: int, count: int) -> list[int]:
    """Return the next seeds."""
    return [(seed + k) % 2**32 for k in range(1, count + 1)]


def _screened(
    case: Case,
    evidence: Evidence,
    suspicions: Sequence[Suspected],
    deadline: float,
    stop: Stop,
    progress: Progress,
) -> tuple[list[Candidate], Pair | None, int, bool]:
    """Return what screening supports, the number of trials, and whether all of them were in time."""
    wanted = edits_to_try(evidence, suspicions)
    progress(f"trying {counted(len(wanted), 'edit')}")
    done, in_time = case.run_all([(edit, evidence.base.seed) for edit in wanted], deadline, stop)
    trials = {trial.edit.key: trial for trial in done}
    pairs = pairs_to_try(evidence, suspicions, trials)
    more: list[Trial] = []
    if pairs:
        progress(f"trying {counted(len(pairs), 'pair')} of edits")
        more, _ = case.run_all([(pair.edit, evidence.base.seed) for pair in pairs], deadline, stop)
    pair = best_pair(evidence, pairs, {trial.edit.key: trial for trial in more}, trials)
    return candidates(evidence, suspicions, trials), pair, len(done) + len(more), in_time
