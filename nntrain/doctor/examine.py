"""The examination: watch a run, suspect, screen every edit at the recipe's seed, confirm the best on other seeds.

Screening picks the edit that looks best among many, by luck as well; confirmation measures it again on other validation
splits and initial weights, so that the reported effect is unbiased.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from time import monotonic

from nntrain.diagnostics.layers import network_stats
from nntrain.diagnostics.verdict import judge
from nntrain.doctor.case import NO_EDIT, Case, Trial, gain
from nntrain.doctor.data_facts import DataFacts
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.report import Found, Report, Tried
from nntrain.doctor.words import settings_text
from nntrain.errors import counted
from nntrain.registry import members

BUDGET = 30.0  # seconds
WATCH_FRACTION = 0.25  # of the budget that the watched run may take
SCREEN_FRACTION = 0.65  # of the budget after which confirmation begins
CONFIRM_SEEDS = 3
MIN_JUDGED = 200  # samples over all confirming seeds, where more seeds can reach that
MAX_CONFIRM_SEEDS = 6
MATERIAL = 0.06  # smallest gain of the score that counts
SIGNIFICANT = 2.0  # standard errors
WEAK = 0.3  # a suspicion below it is only tried if there is much to gain
MAX_CONFIRMED = 8  # diagnoses that are confirmed

ONE_EPOCH = Edit({"training.epochs": 1})

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """A suspicion and its edits that looked good at the recipe's seed."""

    diagnosis: type[Diagnosis]
    suspicion: Suspicion
    screened: tuple[tuple[float, Edit], ...]  # gain and edit, best first


def examine(
    case: Case,
    budget: float = BUDGET,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda text: None,
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
    suspicions = suspect(evidence)
    wanted = _edits(evidence, suspicions)
    progress(f"trying {counted(len(wanted), 'edit')}")
    screened, complete = case.run_all([(edit, case.seed) for edit in wanted], began + SCREEN_FRACTION * budget, stop)
    candidates = _candidates(evidence, suspicions, {trial.edit.key: trial for trial in screened})
    found: list[Found] = []
    confirmed = 0
    if candidates:
        progress(f"confirming {counted(len(candidates), 'suspicion')} on other seeds")
        found, confirmed = _confirm(evidence, candidates, began + budget, stop)
    return Report(
        recipe=case.name,
        metric=evidence.trial.facts.started.metric,
        split=case.split,
        score=evidence.trial.score,
        metric_value=metric(evidence.trial, case.split),
        found=tuple(found),
        notes=tuple(one.text for _, one in suspicions if one.note),
        checked=len(members(Diagnosis)),
        experiments=1 + len(screened) + confirmed,
        seconds=monotonic() - began,
        complete=complete and not stop(),
        diverged=evidence.diverged,
    )


def watch(case: Case, deadline: float, stop: Callable[[], bool]) -> Evidence:
    """Run the recipe as it is, and gather the evidence; a run that takes too long gets fewer epochs."""
    trial = case.run(NO_EDIT, case.seed, lambda: stop() or monotonic() > deadline)
    assert trial is not None  # noqa: S101 - the recipe itself was built before
    if not trial.complete:
        case.max_epochs = max(1, len(trial.facts.train))
    plan = trial.built.plan
    return Evidence(
        case=case,
        trial=trial,
        first=network_stats(plan),
        last=network_stats(plan, trial.theta),
        data=DataFacts.of(case.visible),
        verdict=judge(trial.facts),
    )


def suspect(evidence: Evidence) -> list[tuple[type[Diagnosis], Suspicion]]:
    """Return what every diagnosis says, the strongest suspicion first."""
    found = []
    for kind in members(Diagnosis).values():
        suspicion = kind().suspect(evidence)  # type: ignore[call-arg]
        if suspicion is not None:
            found.append((kind, suspicion))
    return sorted(found, key=lambda pair: -pair[1].strength)


def _edits(evidence: Evidence, suspicions: list[tuple[type[Diagnosis], Suspicion]]) -> list[Edit]:
    """Return the edits to try, each once: weak suspicions only where there is something to gain."""
    edits: dict[str, Edit] = {}
    to_gain = 1 - evidence.trial.score
    for kind, suspicion in suspicions:
        if suspicion.note or (kind.measure == "score" and to_gain < MATERIAL):
            continue
        for edit in suspicion.edits:
            edits.setdefault(edit.key, edit)
    return list(edits.values())


def _candidates(
    evidence: Evidence, suspicions: list[tuple[type[Diagnosis], Suspicion]], trials: dict[str, Trial]
) -> list[Candidate]:
    """Return the suspicions that screening supports, those with the most promising edits first."""
    found = []
    for kind, suspicion in suspicions:
        gains = []
        for edit in suspicion.edits:
            if edit.key in trials:
                value, error = gain(evidence.trial, trials[edit.key], kind.measure)
                if value >= max(MATERIAL, error):
                    gains.append((value, edit))
        if gains or suspicion.proven:
            found.append(Candidate(kind, suspicion, tuple(sorted(gains, key=lambda pair: -pair[0]))))
    best = max((one.screened[0][0] for one in found if one.screened), default=0.0)

    def promise(one: Candidate) -> float:
        share = one.screened[0][0] / best if one.screened and best > 0 else 0.0
        return one.suspicion.strength * (1.0 if one.suspicion.proven else min(share, 1.0) ** 2)

    return sorted(found, key=promise, reverse=True)[:MAX_CONFIRMED]


def _confirm(
    evidence: Evidence, candidates: list[Candidate], deadline: float, stop: Callable[[], bool]
) -> tuple[list[Found], int]:
    case = evidence.case
    judged = max(len(evidence.trial.errors["score"]), 1)
    count = min(MAX_CONFIRM_SEEDS, max(CONFIRM_SEEDS, -(-MIN_JUDGED // judged)))
    seeds = [(case.seed + k) % 2**32 for k in range(1, count + 1)]
    edits = {edit.key: edit for one in candidates for _, edit in one.screened[:2]}
    wanted = [(edit, seed) for seed in seeds for edit in (NO_EDIT, *edits.values())]
    done, _ = case.run_all(wanted, deadline, stop)
    trials = {(trial.edit.key, trial.seed): trial for trial in done}
    outcomes: list[tuple[Candidate, tuple[Tried, ...]]] = []
    for one in candidates:
        effects = [_tried(one.diagnosis, edit, trials, seeds, case.split) for _, edit in one.screened[:2]]
        confirmed = [
            each for each in effects if each is not None and each.gain >= max(MATERIAL, SIGNIFICANT * each.error)
        ]
        confirmed.sort(key=lambda each: -each.gain)
        if confirmed or one.suspicion.proven:
            outcomes.append((one, tuple(confirmed)))
    best = max((tried[0].gain for _, tried in outcomes if tried), default=0.0)
    scored = []
    for one, tried in outcomes:
        recovered = min(tried[0].gain / best, 1.0) if tried and best > 0 else 0.0
        weight = one.suspicion.strength * (max(recovered, 0.9) if one.suspicion.proven else recovered**2)
        scored.append((weight, one, tried))
    scored.sort(key=lambda item: -item[0])
    found = [
        Found(
            id=one.diagnosis.model_fields["name"].default,
            title=one.diagnosis.title,
            about=about(one.diagnosis),
            rank=rank,
            confidence=round(weight, 3),
            text=one.suspicion.text,
            evidence=dict(one.suspicion.evidence),
            lecture=one.diagnosis.lecture,
            tried=tried,
        )
        for rank, (weight, one, tried) in enumerate(scored, start=1)
    ]
    return found, len(trials)


def _tried(
    kind: type[Diagnosis], edit: Edit, trials: dict[tuple[str, int], Trial], seeds: list[int], split: str
) -> Tried | None:
    """Return the effect of an edit over the seeds at which both runs are complete."""
    pairs = [
        (trials[NO_EDIT.key, seed], trials[edit.key, seed])
        for seed in seeds
        if (NO_EDIT.key, seed) in trials and (edit.key, seed) in trials
    ]
    if not pairs:
        return None
    gains, errors = zip(*(gain(before, after, kind.measure) for before, after in pairs), strict=True)
    before = fmean(1 - float(one.errors[kind.measure].mean()) for one, _ in pairs)
    error = (fmean(value**2 for value in errors) / len(pairs)) ** 0.5
    metrics = [[metric(trial, split) for trial in side] for side in zip(*pairs, strict=True)]
    return Tried(
        settings=dict(edit.settings),
        text=edit.text or settings_text(edit.settings),
        measure=kind.measure,
        before=before,
        after=before + fmean(gains),
        metric_before=_mean(metrics[0]),
        metric_after=_mean(metrics[1]),
        error=error,
        seeds=len(pairs),
    )


def about(kind: type[Diagnosis]) -> str:
    """Return the first sentence of a diagnosis: what is wrong, and why it harms."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def metric(trial: Trial, split: str) -> float | None:
    """Return a trial's accuracy or R²."""
    return trial.facts.scores(split).metric


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
