"""Confirmation: the edits that looked best in screening are tried on other seeds, so that luck averages out."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from nntrain.diagnostics.verdict import BAD
from nntrain.doctor.diagnoses import Suspicion
from nntrain.doctor.edits import NO_EDIT, Edit, Measure
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.quick import MIN_STRENGTH
from nntrain.doctor.report import Found, Tried
from nntrain.doctor.screening import MATERIAL, Candidate, Kind, Pair, Suspected
from nntrain.doctor.trial import Trial, gain
from nntrain.doctor.words import settings_text

SIGNIFICANT = 2.0  # standard errors
CONFIRMED_EDITS = 2  # of each diagnosis
UNCONFIRMED = 0.5  # confidence in a cause that the record of a run makes clear, and no experiment confirms

Trials = Mapping[tuple[str, int], Trial]
Outcome = tuple[float, Kind, Suspicion, tuple[Tried, ...]]  # weight first


def edits_to_confirm(candidates: Sequence[Candidate], pair: Pair | None) -> list[Edit]:
    """Return the edits to try on other seeds, each once."""
    edits = {edit.key: edit for one in candidates for _, edit in one.screened[:CONFIRMED_EDITS]}
    if pair is not None:
        edits |= {edit.key: edit for edit in (*pair.edits, pair.edit)}
    return list(edits.values())


def confirm(
    candidates: Sequence[Candidate], pair: Pair | None, trials: Trials, seeds: Sequence[int], split: str
) -> list[Found]:
    """Return the confirmed diagnoses, the most likely cause first.

    Args:
        candidates: what screening supports.
        pair: two faults that may only help together.
        trials: by the key of their edit and by seed.
        seeds: that the trials were made at.
        split: that scores are measured on.
    """
    outcomes = []
    for one in candidates:
        edits = [edit for _, edit in one.screened[:CONFIRMED_EDITS]]
        effects = [effect(one.diagnosis.measure, edit, trials, seeds, split) for edit in edits]
        least = 0.0 if one.suspicion.proven else MATERIAL
        helps = [each for each in effects if each is not None and _helps(each, least)]
        confirmed = sorted(helps, key=lambda each: -each.gain)
        if confirmed or one.suspicion.proven:
            outcomes.append((one.diagnosis, one.suspicion, tuple(confirmed)))
    together = None if pair is None else _together(pair, trials, seeds, split)
    best: dict[str, float] = {}
    for _, _, tried in outcomes:
        for each in tried[:1]:
            best[each.measure] = max(best.get(each.measure, 0.0), each.gain)
    if pair is not None and together is not None and together.gain >= best.get("score", 0.0) + MATERIAL:
        best["score"] = together.gain
        both = [kind for kind, _ in pair.suspected]
        outcomes = [one for one in outcomes if one[0] not in both]
        outcomes += [(kind, suspicion, (together,)) for kind, suspicion in pair.suspected]
    scored: list[Outcome] = []
    for kind, suspicion, tried in outcomes:
        recovered = min(tried[0].gain / best[tried[0].measure], 1.0) if tried else 0.0
        weight = suspicion.strength * (max(recovered, 0.9) if suspicion.proven else recovered**2)
        scored.append((weight, kind, suspicion, tried))
    scored.sort(key=lambda item: -item[0])
    return [_found(rank, *one) for rank, one in enumerate(scored, start=1)]


def with_recorded(found: Sequence[Found], evidence: Evidence, suspicions: Sequence[Suspected]) -> list[Found]:
    """Add the cause of a bad run that its record makes clear, and that ``fit`` names, if no experiment confirmed it."""
    clear = [(kind, one) for kind, one in suspicions if kind.recorded and one.strength >= MIN_STRENGTH]
    if evidence.verdict.kind not in BAD or not clear:
        return list(found)
    kind, suspicion = clear[0]
    added = _found(0, UNCONFIRMED, kind, suspicion, ())
    if any(one.id == added.id for one in found):
        return list(found)
    added = replace(added, text=f"{added.text}; no edit that was tried shows a significant effect")
    ranked = sorted([added, *found], key=lambda one: -one.confidence)
    return [replace(one, rank=rank) for rank, one in enumerate(ranked, start=1)]


def _helps(tried: Tried, least: float = MATERIAL) -> bool:
    return tried.gain > 0 and tried.gain >= max(least, SIGNIFICANT * tried.error)


def _together(pair: Pair, trials: Trials, seeds: Sequence[int], split: str) -> Tried | None:
    """Return the effect of both edits, if it is significant, and significantly larger than that of each alone."""
    both = effect("score", pair.edit, trials, seeds, split)
    if both is None or not _helps(both):
        return None
    for edit in pair.edits:
        more = effect("score", pair.edit, trials, seeds, split, without=edit)
        if more is None or not _helps(more):
            return None
    return both


def effect(
    measure: Measure, edit: Edit, trials: Trials, seeds: Sequence[int], split: str, without: Edit = NO_EDIT
) -> Tried | None:
    """Return the effect of an edit, over ``without``, at the seeds at which both runs are complete."""
    pairs = [
        (trials[without.key, seed], trials[edit.key, seed])
        for seed in seeds
        if (without.key, seed) in trials and (edit.key, seed) in trials
    ]
    if not pairs:
        return None
    gains, errors = zip(*(gain(before, after, measure) for before, after in pairs), strict=True)
    before = fmean(1 - float(one.errors[measure].mean()) for one, _ in pairs)
    metrics = [[metric(trial, split) for trial in side] for side in zip(*pairs, strict=True)]
    return Tried(
        settings=dict(edit.settings),
        text=" and ".join(text for text in (settings_text(edit.settings), edit.text) if text),
        measure=measure,
        before=before,
        after=before + fmean(gains),
        metric_before=_mean(metrics[0]),
        metric_after=_mean(metrics[1]),
        error=(fmean(value**2 for value in errors) / len(pairs)) ** 0.5,
        seeds=len(pairs),
    )


def _found(rank: int, weight: float, kind: Kind, suspicion: Suspicion, tried: tuple[Tried, ...]) -> Found:
    return Found(
        id=kind.model_fields["name"].default,
        title=kind.title,
        about=about(kind),
        rank=rank,
        confidence=round(weight, 3),
        text=suspicion.text,
        evidence=dict(suspicion.evidence),
        lecture=kind.lecture,
        tried=tried,
    )


def about(kind: Kind) -> str:
    """Return the first sentence of a diagnosis: what is wrong, and why it harms."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def metric(trial: Trial, split: str) -> float | None:
    """Return a trial's accuracy or R²."""
    return trial.facts.scores(split).metric


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
